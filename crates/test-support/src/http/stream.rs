//! A stream of lines: a request whose reply is read while its body is being sent.

use super::{Connection, DEVELOPMENT_KEY, Reply, Request};
use serde_json::Value;

/// A request with a body of lines, and its reply of lines.
pub struct LineStream {
    connection: Connection,
    /// Text of the reply that is not yet a whole line.
    text: Vec<u8>,
    has_ended: bool,
}

impl Request {
    /// `POST` of lines.
    pub fn lines(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::post(path, body).without("Content-Type").header("Content-Type", "application/x-ndjson")
    }
}

impl LineStream {
    /// Opens a connection, and begins a request. Its body has no length.
    pub fn open(port: u16, path: &str) -> Self {
        Self::open_by(port, path, DEVELOPMENT_KEY)
    }

    /// Like [`Self::open`], with this key.
    pub fn open_by(port: u16, path: &str, key: &str) -> Self {
        let head = Request::lines(path, "").by(key).header("Transfer-Encoding", "chunked");
        let mut connection = Connection::open(port);
        connection.write(&head.bytes());
        Self::on(connection)
    }

    /// Continues on a connection on which the head of the request was sent.
    pub fn on(connection: Connection) -> Self {
        Self { connection, text: Vec::new(), has_ended: false }
    }

    /// Sends a chunk of the body.
    pub fn send(&mut self, text: &str) {
        self.connection.write(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes());
    }

    /// Sends bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) {
        self.connection.write(bytes);
    }

    /// Sends the end of the body.
    pub fn end(&mut self) {
        self.connection.write(b"0\r\n\r\n");
    }

    /// Reads the head of the reply, which must announce a body of lines.
    pub fn read_head(&mut self) -> Reply {
        let head = self.connection.read_head();
        let kind = (head.status, head.header("content-type"), head.header("transfer-encoding"));
        assert_eq!(kind, (200, "application/x-ndjson", "chunked"));
        head.assert_common_headers();
        head
    }

    /// Reads the next line of the reply; `None` at its end.
    pub fn read_line(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.text.iter().position(|byte| *byte == b'\n') {
                let line: Vec<_> = self.text.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            if self.has_ended {
                assert!(self.text.is_empty(), "the last line has no end");
                return None;
            }
            let chunk = self.connection.read_chunk();
            self.has_ended = chunk.is_empty();
            self.text.extend(chunk);
        }
    }

    /// Reads the rest of the reply.
    pub fn read_lines(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.read_line()).collect()
    }

    /// The connection, for whatever follows the request.
    pub fn into_connection(self) -> Connection {
        self.connection
    }
}
