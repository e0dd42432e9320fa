//! A stream of lines: groups on one connection, whose answers are read while they are sent.

use crate::{load::seed, server::Server};
use anyhow::{Context, ensure};
use gochat_test_support::http::Request;
use memchr::memmem::Finder;
use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Instant,
};

/// Number of lines in a chunk.
const LINES: usize = 1_000;

/// Text that is in the answer to a line that succeeded, and in no other answer.
const CREATED: &[u8] = br#""status":201"#;

/// The figures of a stream.
#[derive(Debug, Clone, Copy)]
pub struct Streamed {
    /// Lines answered 201 per second, from the first byte sent to the last byte received.
    pub throughput: f64,
    /// Lines that were not answered 201.
    pub errors: u64,
}

/// Streams groups, at most `lines`, until `stop` is set. Returns when all of them are answered.
pub fn run(server: &Server<'_>, lines: usize, stop: &AtomicBool) -> anyhow::Result<Streamed> {
    let socket = TcpStream::connect(server.address())?;
    socket.set_nodelay(true)?;
    let started_at = Instant::now();
    let (sent, created) = thread::scope(|scope| {
        let sender = scope.spawn(|| send(&socket, server.key(), lines, stop));
        let created = count_created(&socket);
        let sent = sender.join().map_err(|_| anyhow::anyhow!("the sender panicked"))?;
        anyhow::Ok((sent?, created?))
    })?;
    let throughput = created as f64 / started_at.elapsed().as_secs_f64();
    Ok(Streamed { throughput, errors: (sent - created) as u64 })
}

/// Sends the request, and returns the number of lines.
fn send(mut socket: &TcpStream, key: &str, lines: usize, stop: &AtomicBool) -> anyhow::Result<usize> {
    let head = Request::lines("/v1/group", "").by(key).header("Transfer-Encoding", "chunked");
    socket.write_all(&head.bytes())?;
    let (seed, mut sent, mut chunk) = (seed(), 0, String::new());
    while sent < lines && !stop.load(Ordering::Relaxed) {
        let end = lines.min(sent + LINES);
        chunk.clear();
        for number in sent..end {
            // Ordered names, like those of the single requests.
            writeln!(
                chunk,
                r#"{{"name":"lines-{seed}-{number:09}","token":"298fbgv479bv","admin_id":{}}}"#,
                number + 1
            )?;
        }
        write!(socket, "{:x}\r\n", chunk.len())?;
        chunk += "\r\n";
        socket.write_all(chunk.as_bytes())?;
        sent = end;
    }
    socket.write_all(b"0\r\n\r\n")?;
    Ok(sent)
}

/// Reads the reply, and returns the number of lines that were answered 201.
fn count_created(mut socket: &TcpStream) -> anyhow::Result<usize> {
    let finder = Finder::new(CREATED);
    let (mut buffer, mut kept, mut created) = (vec![0; 256 * 1024], 0, 0);
    loop {
        let read = socket.read(&mut buffer[kept..]).context("the stream broke")?;
        let filled = kept + read;
        created += finder.find_iter(&buffer[..filled]).count();
        if read == 0 || buffer[..filled].ends_with(b"\r\n0\r\n\r\n") {
            socket.shutdown(Shutdown::Both)?;
            ensure!(created > 0, "no line was answered: {}", String::from_utf8_lossy(&buffer[..filled]));
            return Ok(created);
        }
        // The end of the text may be the beginning of a match.
        kept = filled.min(CREATED.len() - 1);
        buffer.copy_within(filled - kept..filled, 0);
    }
}
