//! A client that sends lines and reads their answers at the same time. A broken connection is a possible result like any other.

use super::sent_lines::LineAnswer;
use crate::{
    client::{TIMEOUT, request},
    progress::waiting_for,
    wait::wait_for,
};
use socket2::SockRef;
use std::{
    io::{self, BufRead, BufReader, Error, ErrorKind, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpStream},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

/// Size of the receive buffer, in bytes. It is small, so that the server can soon send no more to a reader that stalls.
const RECEIVE_BUFFER: usize = 64 * 1024;

/// Sends a body of lines, while `read` reads the reply. The connection is closed afterwards.
pub fn send<T>(
    port: u16,
    key: &str,
    body: &[u8],
    read: impl FnOnce(&mut Reader<'_>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.set_write_timeout(Some(TIMEOUT))?;
    let headers = [("GoChat-Token", key), ("Content-Type", "application/x-ndjson")];
    let request = request("POST", "/v1/group", &headers, body);
    let is_reset = AtomicBool::new(false);
    thread::scope(|scope| {
        // The server may close the connection before it has read everything.
        scope.spawn(|| {
            let sent = (&socket).write_all(&request);
            is_reset.store(sent.is_err_and(|error| is_break(&error)), Relaxed);
        });
        let reply = Reply { socket: BufReader::new(&socket), has_head: false, left: 0, is_complete: false };
        let result = read(&mut Reader { reply: BufReader::new(reply), socket: &socket, is_reset: &is_reset });
        // Ends the sender. A connection that is closed already is no failure.
        let _closed = socket.shutdown(Shutdown::Both);
        result
    })
}

/// Reads the answers to the lines.
pub struct Reader<'a> {
    reply: BufReader<Reply<'a>>,
    socket: &'a TcpStream,
    /// True once a write found the connection broken.
    is_reset: &'a AtomicBool,
}

impl Reader<'_> {
    /// Reads answers: this many, or up to the end of the reply or of the connection.
    pub fn read(&mut self, most: usize) -> anyhow::Result<Vec<LineAnswer>> {
        let mut answers = Vec::new();
        let mut line = Vec::new();
        while answers.len() < most {
            line.clear();
            match waiting_for("the answer to a line", || self.reply.read_until(b'\n', &mut line)) {
                Ok(_) if line.ends_with(b"\n") => answers.push(serde_json::from_slice(&line)?),
                Ok(_) => break,
                Err(error) if is_break(&error) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(answers)
    }

    /// Returns true if the whole reply was read.
    pub fn is_complete(&self) -> bool {
        self.reply.get_ref().is_complete
    }

    /// Waits until the server has closed the connection, without reading. The server has not read everything, so the kernel
    /// resets the connection.
    pub fn wait_for_reset(&self) -> anyhow::Result<()> {
        wait_for("the end of a stream whose reader stalls", || {
            // The kernel reports a reset once: to a write that waits, or here.
            let is_reset = self.is_reset.load(Relaxed) || self.socket.take_error()?.is_some();
            Ok(is_reset.then_some(()))
        })
    }
}

/// Returns whether an error of a read or a write means that the connection broke.
fn is_break(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
    )
}

/// The body of a reply in chunks.
struct Reply<'a> {
    socket: BufReader<&'a TcpStream>,
    has_head: bool,
    /// The rest of the current chunk.
    left: usize,
    is_complete: bool,
}

impl Reply<'_> {
    /// Reads a line of the head or of the chunks, without its end.
    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.socket.read_line(&mut line)?;
        line.strip_suffix("\r\n").map(ToOwned::to_owned).ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    fn read_head(&mut self) -> io::Result<()> {
        let status = self.line()?;
        if !status.starts_with("HTTP/1.1 200 ") {
            return Err(Error::other(format!("the reply to a stream is {status}")));
        }
        while !self.line()?.is_empty() {}
        self.has_head = true;
        Ok(())
    }
}

impl Read for Reply<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_complete {
            return Ok(0);
        }
        if !self.has_head {
            self.read_head()?;
        }
        if self.left == 0 {
            let size = self.line()?;
            self.left = usize::from_str_radix(&size, 16).map_err(Error::other)?;
            if self.left == 0 {
                self.line()?;
                self.is_complete = true;
                return Ok(0);
            }
        }
        let read = self.socket.by_ref().take(self.left as u64).read(buffer)?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.left -= read;
        if self.left == 0 {
            self.line()?;
        }
        Ok(read)
    }
}
