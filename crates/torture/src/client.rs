//! An HTTP/1.1 client with keep-alive, for which a broken connection is a possible result like any other.

use anyhow::{Context, bail};
use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// Longest wait for a reply. The service answers within `database.timeout` and `http.request_timeout`; a slow machine may take
/// ten times as long.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// An HTTP reply.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    /// The value of a header; `name` is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A reason why there is no reply.
#[derive(Debug)]
pub enum Failure {
    /// The connection failed, so nothing was sent.
    NotConnected,
    /// The connection broke after something was sent.
    Broken,
    /// The received bytes are not an HTTP reply.
    Malformed(String),
    /// No reply within [`TIMEOUT`].
    TimedOut,
}

/// A client with at most one connection.
pub struct Client {
    address: SocketAddr,
    connection: Option<TcpStream>,
    unread: Vec<u8>,
}

impl Client {
    /// Creates a client of a local port, not yet connected.
    pub fn new(port: u16) -> Self {
        Self { address: (Ipv4Addr::LOCALHOST, port).into(), connection: None, unread: Vec::new() }
    }

    /// Sends a request and reads the reply.
    pub fn send(&mut self, request: &[u8]) -> Result<Reply, Failure> {
        let result = self.exchange(request);
        let closes = |reply: &Reply| reply.header("connection").is_some_and(|value| value.contains("close"));
        if result.as_ref().map_or(true, closes) {
            self.connection = None;
            self.unread.clear();
        }
        result
    }

    fn exchange(&mut self, request: &[u8]) -> Result<Reply, Failure> {
        let started_at = Instant::now();
        if self.connection.is_none() {
            let stream =
                TcpStream::connect_timeout(&self.address, TIMEOUT).map_err(|_| Failure::NotConnected)?;
            let timeouts = [stream.set_read_timeout(Some(TIMEOUT)), stream.set_write_timeout(Some(TIMEOUT))];
            let set = timeouts.into_iter().chain([stream.set_nodelay(true)]).collect::<Result<(), _>>();
            set.map_err(|_| Failure::NotConnected)?;
            self.connection = Some(stream);
        }
        let stream = self.connection.as_mut().ok_or(Failure::NotConnected)?;
        // A server that answers early may close before it has read everything.
        let _partly = stream.write_all(request);
        loop {
            match parse(&self.unread) {
                Ok(Some((reply, length))) => {
                    self.unread.drain(..length);
                    return Ok(reply);
                }
                Ok(None) => {}
                Err(error) => return Err(Failure::Malformed(format!("{error:#}"))),
            }
            if started_at.elapsed() > TIMEOUT {
                return Err(Failure::TimedOut);
            }
            let mut buffer = [0; 16_384];
            match stream.read(&mut buffer) {
                Ok(0) => return Err(Failure::Broken),
                Ok(read) => self.unread.extend(&buffer[..read]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err(Failure::TimedOut);
                }
                Err(_) => return Err(Failure::Broken),
            }
        }
    }
}

/// Parses the first reply; returns it with its length, if it is complete.
pub fn parse(bytes: &[u8]) -> anyhow::Result<Option<(Reply, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 48];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(start) = head.parse(bytes)? else { return Ok(None) };
    let status = head.code.context("a reply without a status")?;
    let headers: Vec<_> = head
        .headers
        .iter()
        .map(|header| (header.name.to_lowercase(), String::from_utf8_lossy(header.value).into_owned()))
        .collect();
    let mut reply = Reply { status, headers, body: Vec::new() };
    if status == 204 || status == 304 {
        return Ok(Some((reply, start)));
    }
    let Some(length) = reply.header("content-length") else { bail!("a reply {status} without a length") };
    let end = start + length.parse::<usize>()?;
    let Some(body) = bytes.get(start..end) else { return Ok(None) };
    reply.body = body.to_vec();
    Ok(Some((reply, end)))
}

/// Builds the bytes of a request.
pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n");
    for (name, value) in headers {
        head.extend([*name, ": ", *value, "\r\n"]);
    }
    if !body.is_empty() {
        head.extend(["Content-Length: ", &body.len().to_string(), "\r\n"]);
    }
    [head.as_bytes(), b"\r\n", body].concat()
}
