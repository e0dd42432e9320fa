//! An HTTP client for tests, in which every byte of a request can be chosen and every byte of the reply is seen.
//!
//! Failures to send or read panic, as tests assert on the reply.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed case may panic")]
#![allow(clippy::missing_panics_doc, reason = "each of these fails the case that calls it")]

use crate::deadline;
use std::{
    fmt::Write as _,
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::Path,
};

/// The key of the API page.
pub const DEVELOPMENT_KEY: &str = "433578ab-84c2-4e02-4656-de55a8097c9f";

/// A request to be sent.
#[derive(Clone)]
pub struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    chunked: bool,
}

impl Request {
    /// A request with only the header `Host`.
    pub fn new(method: &str, path: &str) -> Self {
        let headers = vec![("Host".to_owned(), "localhost".to_owned())];
        Self { line: format!("{method} {path} HTTP/1.1"), headers, body: Vec::new(), chunked: false }
    }

    /// `POST /v1/group` as the API page shows it, with this body.
    pub fn create(body: impl Into<Vec<u8>>) -> Self {
        Self::post("/v1/group", body)
    }

    /// Like [`Self::create`], but to another path.
    pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        let request = Self::new("POST", path).by(DEVELOPMENT_KEY).header("Content-Type", "application/json");
        Self { body: body.into(), ..request }
    }

    /// `POST /v1/group` for a group of this name.
    pub fn group(name: &str) -> Self {
        Self::create(format!(r#"{{"name":"{name}","token":"t","admin_id":1}}"#))
    }

    /// A `GET` with the key of the API page.
    pub fn get(path: &str) -> Self {
        Self::new("GET", path).by(DEVELOPMENT_KEY)
    }

    /// Replaces the key.
    #[must_use]
    pub fn by(self, key: &str) -> Self {
        self.without("GoChat-Token").header("GoChat-Token", key)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Removes a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// Sends the body in chunks of 1,000 bytes, without its length.
    #[must_use]
    pub fn chunked(self) -> Self {
        Self { chunked: true, ..self }
    }

    /// The bytes as they are sent.
    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{}\r\n", self.line);
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        if self.chunked {
            head += "Transfer-Encoding: chunked\r\n\r\n";
            let mut bytes = head.into_bytes();
            for chunk in self.body.chunks(1_000) {
                bytes.extend(
                    format!("{:x}\r\n", chunk.len()).bytes().chain(chunk.iter().copied()).chain(*b"\r\n"),
                );
            }
            bytes.extend(b"0\r\n\r\n");
            return bytes;
        }
        if !self.body.is_empty() {
            write!(head, "Content-Length: {}\r\n", self.body.len()).unwrap();
        }
        head += "\r\n";
        [head.as_bytes(), &self.body].concat()
    }

    /// Sends the request on a new connection, and returns the reply.
    pub fn send(&self, port: u16) -> Reply {
        self.send_on(Connection::open(port))
    }

    /// Sends the request on a new connection to a Unix socket, and returns the reply.
    pub fn send_to(&self, socket: &Path) -> Reply {
        self.send_on(Connection::open_unix(socket))
    }

    fn send_on(&self, mut connection: Connection) -> Reply {
        connection.write(&self.bytes());
        if self.line.starts_with("HEAD ") { connection.read_head() } else { connection.read() }
    }
}

/// Sends `bytes` on a new connection, and returns the reply to the first request in them.
pub fn exchange(port: u16, bytes: &[u8]) -> Reply {
    let mut connection = Connection::open(port);
    connection.write(bytes);
    connection.read()
}

/// Returns the value of a metric, given with its labels, from the admin listener on this port.
pub fn metric(admin_port: u16, series: &str) -> Option<f64> {
    let text = Request::new("GET", "/metrics").send(admin_port).body;
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

/// A connection on which replies are read one by one.
pub struct Connection {
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
}

/// A byte stream.
trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

impl Connection {
    /// Opens a connection to a port of this machine. No read or write waits longer than [`deadline::LIMIT`].
    pub fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(deadline::LIMIT)).unwrap();
        stream.set_write_timeout(Some(deadline::LIMIT)).unwrap();
        Self { stream: Box::new(stream), unread: Vec::new() }
    }

    /// Opens a connection to a Unix socket, with the same limits.
    pub fn open_unix(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(deadline::LIMIT)).unwrap();
        stream.set_write_timeout(Some(deadline::LIMIT)).unwrap();
        Self { stream: Box::new(stream), unread: Vec::new() }
    }

    /// Sends bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        // A server that answers early may close before reading everything.
        let _closed = self.stream.write_all(bytes);
    }

    /// Reads one reply, and leaves the bytes after it.
    pub fn read(&mut self) -> Reply {
        self.read_by(Reply::parse)
    }

    /// Reads the reply to a `HEAD`, whose headers announce a body that is not sent.
    pub fn read_head(&mut self) -> Reply {
        self.read_by(Reply::parse_head)
    }

    fn read_by(&mut self, parse: fn(&[u8]) -> Option<(Reply, usize)>) -> Reply {
        loop {
            if let Some((reply, length)) = parse(&self.unread) {
                self.unread.drain(..length);
                return reply;
            }
            let mut buffer = [0; 4096];
            let read =
                self.stream.read(&mut buffer).expect("the connection failed before the reply was complete");
            assert!(read > 0, "the connection was closed after {:?}", String::from_utf8_lossy(&self.unread));
            self.unread.extend(&buffer[..read]);
        }
    }

    /// Reads `100 Continue`, which has no body.
    pub fn read_continue(&mut self) {
        let expected = b"HTTP/1.1 100 Continue\r\n\r\n";
        let mut buffer = [0; 25];
        self.stream.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, expected);
    }

    /// Waits for data or the end, and returns true if the server closes the connection.
    pub fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0; 1]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        }
    }
}

/// A reply.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Reply {
    fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let (mut reply, start) = Self::parse_head(bytes)?;
        // A reply of 204 has neither a body nor its length (RFC 9110, section 8.6).
        let length = if reply.status == 204 { 0 } else { reply.header("content-length").parse().unwrap() };
        let end: usize = start + length;
        reply.body = String::from_utf8(bytes.get(start..end)?.to_vec()).unwrap();
        Some((reply, end))
    }

    fn parse_head(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut head = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(start) = head.parse(bytes).unwrap() else { return None };
        let status = head.code.unwrap();
        let headers: Vec<_> = head
            .headers
            .iter()
            .map(|header| (header.name.to_lowercase(), String::from_utf8(header.value.to_vec()).unwrap()))
            .collect();
        Some((Self { status, headers, body: String::new() }, start))
    }

    /// The value of a header; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| &**value);
        let value = values.next().unwrap_or_default();
        assert_eq!(values.next(), None, "the header {name} occurs twice");
        value
    }

    /// The names of all headers, in lower case.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|(name, _)| &**name)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Asserts that this is an error reply with the given status, the common headers and the whole body.
    #[track_caller]
    pub fn assert_error(&self, status: u16, code: &str, field: Option<&str>, error: &str) {
        let field = field.map_or_else(String::new, |field| format!(r#""field":"{field}","#));
        self.assert_error_with(status, code, &field, error);
    }

    /// Asserts that this is the error of a service that cannot serve at present.
    #[track_caller]
    pub fn assert_unavailable(&self) {
        self.assert_error(503, "unavailable", None, "the service cannot serve this now; try again");
    }

    /// Asserts that this is the error of a malformed head.
    #[track_caller]
    pub fn assert_malformed(&self) {
        let error = "the head of the request is malformed, or its target is too long";
        self.assert_error(400, "malformed_request", None, error);
    }

    /// Asserts that this is the error of a path that does not exist.
    #[track_caller]
    pub fn assert_nothing_there(&self) {
        self.assert_error(404, "not_found", None, "there is nothing at this path");
    }

    /// Asserts that this is the error of a key without this scope.
    #[track_caller]
    pub fn assert_lacks_scope(&self, scope: &str) {
        self.assert_error(403, "forbidden", None, &format!("the API key lacks the scope {scope}"));
    }

    /// Asserts that this is the error of a taken name, with the id of the existing group if given.
    #[track_caller]
    pub fn assert_name_taken(&self, group_id: Option<i64>) {
        let group_id = group_id.map_or_else(String::new, |id| format!(r#""group_id":{id},"#));
        let members = format!(r#""field":"name",{group_id}"#);
        self.assert_error_with(409, "group_name_taken", &members, "UNIQUE constraint failed: GROUPS.NAME");
    }

    #[track_caller]
    fn assert_error_with(&self, status: u16, code: &str, members: &str, error: &str) {
        let id = self.header("x-request-id");
        let error = serde_json::to_string(error).unwrap();
        let body = format!(r#"{{"error":{error},"code":"{code}",{members}"request_id":"{id}"}}"#);
        assert_eq!((self.status, &*self.body), (status, &*body));
        assert!(!id.is_empty());
        assert_eq!(self.header("content-type"), "application/json");
        self.assert_common_headers();
    }

    /// Asserts the headers that every reply has.
    #[track_caller]
    pub fn assert_common_headers(&self) {
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        assert_eq!(self.header("cache-control"), "no-store");
        assert!(!self.header("x-request-id").is_empty());
    }
}
