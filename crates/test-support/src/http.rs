//! An HTTP client for tests, in which every byte of a request can be chosen and every byte of the reply is seen.
//!
//! Failures to send or read panic, as tests assert on the reply.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed case may panic")]
#![allow(clippy::missing_panics_doc, reason = "each of these fails the case that calls it")]

mod connection;
mod events;
mod reply;
mod stream;

pub use connection::Connection;
pub use events::EventStream;
pub use reply::Reply;
pub use stream::LineStream;

use std::{fmt::Write as _, iter, path::Path};

/// The key in GoChat's public API documentation, which the service accepts. It is repeated here, because this crate
/// does not depend on the service.
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

    /// `POST /v1/group` as GoChat's public API documentation shows it, with this body.
    pub fn create(body: impl Into<Vec<u8>>) -> Self {
        Self::post("/v1/group", body)
    }

    /// Like [`Self::create`], but to another path.
    pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::json("POST", path, body)
    }

    /// Like [`Self::post`], but with another method.
    pub fn json(method: &str, path: &str, body: impl Into<Vec<u8>>) -> Self {
        let request = Self::new(method, path).by(DEVELOPMENT_KEY).header("Content-Type", "application/json");
        Self { body: body.into(), ..request }
    }

    /// A `POST` of an HTML form, without a key.
    pub fn form(path: &str, fields: &[(&str, &str)]) -> Self {
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Self::new("POST", path).header("Content-Type", "application/x-www-form-urlencoded");
        Self { body: body.into_bytes(), ..request }
    }

    /// `POST /v1/group` for a group of this name.
    pub fn group(name: &str) -> Self {
        Self::create(format!(r#"{{"name":"{name}","token":"t","admin_id":1}}"#))
    }

    /// A `GET` with [`DEVELOPMENT_KEY`].
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

/// Sends each request to its port, all at once on connections of their own, and returns the replies in the same order.
pub fn send_at_once(requests: impl IntoIterator<Item = (u16, Request)>) -> Vec<Reply> {
    let requests: Vec<_> = requests.into_iter().collect();
    let mut connections: Vec<_> = requests.iter().map(|(port, _)| Connection::open(*port)).collect();
    for (connection, (_, request)) in iter::zip(&mut connections, &requests) {
        connection.write(&request.bytes());
    }
    connections.iter_mut().map(Connection::read).collect()
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
