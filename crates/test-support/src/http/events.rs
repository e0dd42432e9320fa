//! A stream of server-sent events.

use super::{Connection, Reply, Request, reply::parse_chunk};
use serde_json::Value;
use std::io::ErrorKind;

/// A reply of server-sent events whose data is JSON.
pub struct EventStream {
    connection: Connection,
    /// Text of the reply that is not yet a whole event.
    text: String,
    has_ended: bool,
}

impl EventStream {
    /// Sends a request on a new connection. Returns the head of its reply, and the events.
    pub fn open(port: u16, request: &Request) -> (Reply, Self) {
        let mut connection = Connection::open(port);
        connection.write(&request.bytes());
        let head = connection.read_head();
        (head, Self { connection, text: String::new(), has_ended: false })
    }

    /// Reads the next event: its name and its data. `None` at the end of the reply, or of the connection.
    pub fn read(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (name, data) = event.split_once('\n').unwrap();
                let name = name.strip_prefix("event: ").unwrap().to_owned();
                let data = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
                self.text = rest.to_owned();
                return Some((name, data));
            }
            if self.has_ended {
                return None;
            }
            self.receive();
        }
    }

    /// Receives more of the text, or the end.
    fn receive(&mut self) {
        let Connection { stream, unread } = &mut self.connection;
        if let Some((chunk, length)) = parse_chunk(unread) {
            unread.drain(..length);
            self.has_ended = chunk.is_empty();
            self.text += str::from_utf8(&chunk).unwrap();
            return;
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer) {
            Ok(0) => self.has_ended = true,
            Ok(read) => unread.extend(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("no event came in time"),
            Err(_) => self.has_ended = true,
        }
    }
}
