//! Bodies that are too large, or that decompress to too much.

use super::Fault;
use crate::{
    client,
    client::request,
    hostile, process,
    server::{MemoryBaseline, Server},
    trial::Trial,
};
use std::{
    fs,
    io::{Read, Write},
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

pub struct Gigabyte;

pub struct GzipBomb;

/// Number of connections for each kind of body.
const SENDERS: usize = 4;

/// Maximum growth of resident memory, in MiB.
const MAX_MEMORY_GROWTH: u64 = 64;

impl Fault for Gigabyte {
    fn name(&self) -> &'static str {
        "gigabyte"
    }

    fn about(&self) -> &'static str {
        "bodies of 1 GiB with an API key, some with Content-Length and some chunked: each is answered 413, its connection is closed, and memory is bounded"
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let deployment = trial.deployment()?;
        let mut server = deployment.start()?;
        let common = [("GoChat-Token", &*deployment.key), ("Content-Type", "application/json")];
        let with = |header| request("POST", "/v1/group", &[common[0], common[1], header], b"");
        let bodies = [
            (with(("Content-Length", "1073741824")), vec![b'x'; 1 << 16]),
            (with(("Transfer-Encoding", "chunked")), [b"10000\r\n", &*vec![b'x'; 1 << 16], b"\r\n"].concat()),
        ];
        while trial.next_round(5, 1) {
            let (port, memory) = (server.port, server.start_memory_measurement()?);
            let replies = trial.under_load(&deployment, &[port], |load, _| {
                let replies = thread::scope(|scope| {
                    let senders: Vec<_> = (0..SENDERS)
                        .flat_map(|_| &bodies)
                        .map(|(head, block)| scope.spawn(|| send_gibibyte(port, head, block)))
                        .collect();
                    senders.into_iter().filter_map(|sender| sender.join().ok()).collect::<Vec<_>>()
                });
                load.wait_for_creates(20)?;
                Ok(replies)
            })?;
            for (status, mebibytes, took) in replies {
                trial.expect(status == Some(413) && took < hostile::CLOSE_LIMIT, || {
                    format!("a body of 1 GiB: {status:?}, {mebibytes} MiB sent in {took:?}")
                });
            }
            check_memory(trial, &server, memory)?;
        }
        server.terminate()?;
        trial.finish(&deployment)
    }
}

impl Fault for GzipBomb {
    fn name(&self) -> &'static str {
        "gzip-bomb"
    }

    fn about(&self) -> &'static str {
        "8 KiB of gzip that unpack to 8 MiB of spaces, 1,000 times: 415, and nothing is unpacked"
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let deployment = trial.deployment()?;
        let mut server = deployment.start()?;
        let headers = [
            ("GoChat-Token", &*deployment.key),
            ("Content-Type", "application/json"),
            ("Content-Encoding", "gzip"),
        ];
        let bomb = request("POST", "/v1/group", &headers, &gzip(deployment.folder(), &vec![b' '; 8 << 20])?);
        while trial.next_round(5, 1) {
            let memory = server.start_memory_measurement()?;
            trial.under_load(&deployment, &[server.port], |load, trial| {
                let mut client = client::Client::new(server.port);
                for _ in 0..1_000 {
                    let reply = client.send(&bomb);
                    let status = reply.as_ref().map(|reply| reply.status).ok();
                    trial.expect(status == Some(415), || format!("a gzip bomb: {reply:?}"));
                }
                load.wait_for_creates(20)
            })?;
            check_memory(trial, &server, memory)?;
        }
        server.terminate()?;
        trial.finish(&deployment)
    }
}

fn check_memory(trial: &mut Trial, server: &Server, baseline: MemoryBaseline) -> anyhow::Result<()> {
    let grown = server.memory_growth(baseline)?;
    trial.expect(grown < MAX_MEMORY_GROWTH, || format!("the memory grew by {grown} MiB"));
    trial.note(format!("{grown} MiB more memory"));
    Ok(())
}

/// Sends up to 1 GiB of blocks. Returns the status, the number of MiB sent, and the lifetime of the connection.
fn send_gibibyte(port: u16, head: &[u8], block: &[u8]) -> (Option<u16>, u64, Duration) {
    let started_at = Instant::now();
    let Ok(stream) = hostile::connect(port) else { return (None, 0, Duration::ZERO) };
    let (is_over, mut sent) = (AtomicBool::new(false), 0);
    let status = thread::scope(|scope| {
        let reader = scope.spawn(|| read_status(&stream, &is_over));
        let (mut stream, mut next) = (&stream, head);
        while sent < 1 << 30
            && !is_over.load(Ordering::Relaxed)
            && started_at.elapsed() < Duration::from_secs(60)
        {
            match stream.write(next) {
                Ok(written) => {
                    sent += written as u64;
                    next = if written < next.len() { &next[written..] } else { block };
                }
                Err(error) if hostile::is_disconnect(&error) => break,
                Err(_) => {}
            }
        }
        // The reply may not be read yet.
        crate::wait::pause(Duration::from_millis(200));
        is_over.store(true, Ordering::Relaxed);
        reader.join().ok().flatten()
    });
    (status, sent >> 20, started_at.elapsed())
}

/// Reads the status of the reply, until the connection is closed.
fn read_status(mut stream: &std::net::TcpStream, is_over: &AtomicBool) -> Option<u16> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => bytes.extend(&buffer[..read]),
            Err(error) if hostile::is_disconnect(&error) => break,
            Err(_) if is_over.load(Ordering::Relaxed) => break,
            Err(_) => {}
        }
    }
    is_over.store(true, Ordering::Relaxed);
    client::parse(&bytes).ok().flatten().map(|(reply, _)| reply.status)
}

fn gzip(folder: &Path, bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let file = folder.join("unpacked");
    fs::write(&file, bytes)?;
    Ok(process::run(Command::new("gzip").args(["-9", "-c"]).arg(&file))?.stdout)
}
