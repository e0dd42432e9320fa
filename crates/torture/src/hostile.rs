//! Clients that mean harm, or mean well and do it.

use crate::{deployment::Deployment, load::Load, server::Server, trial::Trial, wait::pause};
use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

/// How often the 99th percentile may be that without an attack.
const MAX_P99_RATIO: u32 = 3;

/// What a 99th percentile may be in any case, in milliseconds, in the long form and in the short one, which runs beside other work:
/// less than that, it is the scheduler that is measured.
const MIN_P99_LIMIT: [u64; 2] = [150, 500];

/// Windows of an attack, each after one without it, in the long form and in the short one. Their medians are compared, so that one
/// moment of other work does not count.
const WINDOWS: [usize; 2] = [3, 1];

/// Time of a window without an attack, and of one with it.
const BASELINE_WINDOW: Duration = Duration::from_secs(3);
const ATTACK_WINDOW: Duration = Duration::from_secs(5);

/// A reply that comes before the request is read ends the connection a second later, whatever its speed; a slow machine may take
/// more. An attack lasts longer, so it shows a connection that is not cut.
pub const CLOSE_LIMIT: Duration = Duration::from_secs(4);
const _: () = assert!(CLOSE_LIMIT.as_millis() < ATTACK_WINDOW.as_millis());

/// What the memory may grow by, in MiB.
const MAX_MEMORY_GROWTH: u64 = 128;

/// Longest wait of a hostile client before it looks whether it is to end.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);

/// A connection on which no call blocks for long.
pub fn connect(port: u16) -> std::io::Result<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(POLL_TIMEOUT))?;
    stream.set_write_timeout(Some(POLL_TIMEOUT))?;
    Ok(stream)
}

/// Whether an error of a read or a write means that the other side has ended the connection.
pub fn is_disconnect(error: &std::io::Error) -> bool {
    !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// What the sender of bytes at full speed sees.
#[derive(Debug, Default, Clone, Copy)]
pub struct Sent {
    pub bytes: u64,
    pub connections: u64,
    /// Longest life of a connection.
    pub longest: Duration,
}

/// Sends `head`, and then `block` again and again at full speed, on one connection after another, and reads what comes.
pub fn send_at_full_speed(port: u16, head: &[u8], block: &[u8], over: &AtomicBool) -> Sent {
    let mut sent = Sent::default();
    while !over.load(Ordering::Relaxed) {
        let Ok(stream) = connect(port) else {
            pause(POLL_TIMEOUT);
            continue;
        };
        sent.connections += 1;
        let started_at = Instant::now();
        let is_closed = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| read_all(&stream, &is_closed, over));
            let mut stream = &stream;
            let mut next = head;
            while !over.load(Ordering::Relaxed) && !is_closed.load(Ordering::Relaxed) {
                match stream.write(next) {
                    Ok(written) => {
                        sent.bytes += written as u64;
                        next = &next[written..];
                        if next.is_empty() {
                            next = block;
                        }
                    }
                    Err(error) if is_disconnect(&error) => break,
                    Err(_) => {}
                }
            }
            is_closed.store(true, Ordering::Relaxed);
        });
        sent.longest = sent.longest.max(started_at.elapsed());
    }
    sent
}

/// Reads to the end of a connection.
fn read_all(mut stream: &TcpStream, is_closed: &AtomicBool, over: &AtomicBool) {
    let mut buffer = vec![0; 1 << 16];
    while !over.load(Ordering::Relaxed) && !is_closed.load(Ordering::Relaxed) {
        match stream.read(&mut buffer) {
            Ok(0) => is_closed.store(true, Ordering::Relaxed),
            Err(error) if is_disconnect(&error) => is_closed.store(true, Ordering::Relaxed),
            _ => {}
        }
    }
}

/// Runs so many attackers beside a load, and writes down if the load suffers. Returns what the attackers of each window return.
pub fn attack<T: Send>(
    trial: &mut Trial,
    deployment: &Deployment,
    server: &Server,
    attackers: usize,
    attacker: impl Fn(&AtomicBool) -> T + Sync,
) -> anyhow::Result<Vec<T>> {
    let windows = trial.by_form(WINDOWS[0], WINDOWS[1]);
    let memory = server.start_memory_measurement()?;
    let (alone, beside, results) = trial.under_load(deployment, &[server.port], |load, _| {
        load.more_created(20)?;
        let (mut alone, mut beside, mut results) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..windows {
            alone.push(measure(load, BASELINE_WINDOW));
            let over = AtomicBool::new(false);
            thread::scope(|scope| {
                let threads: Vec<_> = (0..attackers).map(|_| scope.spawn(|| attacker(&over))).collect();
                beside.push(measure(load, ATTACK_WINDOW));
                over.store(true, Ordering::Relaxed);
                results.extend(threads.into_iter().filter_map(|thread| thread.join().ok()));
            });
        }
        load.more_created(20)?;
        Ok((median(alone), median(beside), results))
    })?;
    let floor = Duration::from_millis(trial.by_form(MIN_P99_LIMIT[0], MIN_P99_LIMIT[1]));
    trial.expect(beside <= floor.max(alone * MAX_P99_RATIO), || {
        format!("the 99th percentile beside it is {beside:?}, {alone:?} without it")
    });
    let grown = server.memory_growth(memory)?;
    trial.expect(grown < MAX_MEMORY_GROWTH, || format!("the memory grew by {grown} MiB"));
    trial.note(format!(
        "p99 {:.1} ms, {:.1} ms beside it, {grown} MiB more memory",
        alone.as_secs_f64() * 1000.0,
        beside.as_secs_f64() * 1000.0
    ));
    anyhow::ensure!(results.len() == attackers * windows, "an attacker panicked");
    Ok(results)
}

/// The 99th percentile of the latencies within a time; the whole time, if nothing was answered.
fn measure(load: &Load, time: Duration) -> Duration {
    load.latencies();
    pause(time);
    let latencies = load.latencies();
    latencies.get(latencies.len() * 99 / 100).copied().unwrap_or(time)
}

/// The one in the middle; the greater of two.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Waits until the other side has ended all of these connections, by sending on each of them a byte of `trickle` from time to
/// time, and returns how many it has not ended then.
pub fn wait_for_disconnects(mut streams: Vec<TcpStream>, trickle: Option<u8>, limit: Duration) -> usize {
    for stream in &streams {
        // Else each call waits.
        let _fails = stream.set_nonblocking(true);
    }
    let started_at = Instant::now();
    while !streams.is_empty() && started_at.elapsed() < limit {
        streams.retain_mut(|stream| {
            let sent = trickle.map_or(Ok(0), |byte| stream.write(&[byte]));
            let is_ended = match trickle {
                Some(_) => {
                    stream.read(&mut [0; 4096]).map_or_else(|error| is_disconnect(&error), |read| read == 0)
                }
                // What lies there unread is not read: an error shows the end.
                None => stream.write(b"G").is_err_and(|error| is_disconnect(&error)),
            };
            !is_ended && !sent.is_err_and(|error| is_disconnect(&error))
        });
        pause(POLL_TIMEOUT);
    }
    streams.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_window_beside_other_work_does_not_move_the_median() {
        let times = [900, 4, 5].map(Duration::from_millis);
        assert_eq!(median(times.to_vec()), Duration::from_millis(5));
        assert_eq!(median(Vec::new()), Duration::ZERO);
    }
}
