//! A connection on which replies are read one by one.

use super::reply::{self, Reply};
use crate::deadline;
use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::Path,
};

/// A connection on which replies are read one by one.
pub struct Connection {
    pub(super) stream: Box<dyn Stream>,
    pub(super) unread: Vec<u8>,
}

/// A byte stream.
pub(super) trait Stream: Read + Write + Send {}

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

    /// Reads one reply, and opens another connection to `port` if the reply says `Connection: close`. The service
    /// closes a connection if it replies before it has read the whole request.
    pub fn read_and_reopen(&mut self, port: u16) -> Reply {
        let reply = self.read();
        if reply.header("connection") == "close" {
            assert!(self.is_closed(), "the connection stays open after `Connection: close`");
            *self = Self::open(port);
        }
        reply
    }

    /// Reads the reply to a `HEAD`, whose headers announce a body that is not sent.
    pub fn read_head(&mut self) -> Reply {
        self.read_by(Reply::parse_head)
    }

    /// Reads a chunk of a reply that has no length; an empty one is the last.
    pub(super) fn read_chunk(&mut self) -> Vec<u8> {
        self.read_by(reply::parse_chunk)
    }

    fn read_by<T>(&mut self, parse: fn(&[u8]) -> Option<(T, usize)>) -> T {
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
