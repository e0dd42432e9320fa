//! Hostile clients, and a measure of how others are served meanwhile.

use crate::{deployment::Deployment, load::Load, server::Server, trial::Trial, wait::pause};
use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Maximum of the p99 under attack, as a multiple of the p99 without one.
const MAX_P99_RATIO: u32 = 3;

/// A p99 up to this many milliseconds never fails: the first value is for the long form, the second for the short form. The short form
/// runs beside other work, where a lower limit would measure the scheduler.
const P99_LIMIT_FLOOR: [u64; 2] = [150, 500];

/// Number of windows under attack in the long and in the short form. Before each there is a window without an attack. The medians of
/// both kinds are compared, so that a moment of other load on the machine does not count.
const WINDOWS: [usize; 2] = [3, 1];

/// Number of windows in the short form if the clients wait too long in the first.
const MAX_WINDOWS: usize = 3;

/// Duration of a window without an attack, and of one under attack.
const BASELINE_WINDOW: Duration = Duration::from_secs(3);
const ATTACK_WINDOW: Duration = Duration::from_secs(5);

/// Longest lifetime of a connection whose request is refused before it is read. The server closes it a second after the reply, however
/// fast the client sends; a slow machine may take longer. An attack lasts longer than this limit, so it detects a connection that is
/// not closed.
pub const CLOSE_LIMIT: Duration = Duration::from_secs(4);
const _: () = assert!(CLOSE_LIMIT.as_millis() < ATTACK_WINDOW.as_millis());

/// Maximum growth of resident memory, in MiB.
const MAX_MEMORY_GROWTH: u64 = 128;

/// Longest time that a hostile client blocks before it checks whether the attack is over.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);

/// Opens a connection with short read and write timeouts.
pub fn connect(port: u16) -> std::io::Result<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(POLL_TIMEOUT))?;
    stream.set_write_timeout(Some(POLL_TIMEOUT))?;
    Ok(stream)
}

/// Returns whether an error of a read or a write means that the peer has closed the connection.
pub fn is_disconnect(error: &std::io::Error) -> bool {
    !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// The totals of a client that sends at full speed.
#[derive(Debug, Default, Clone, Copy)]
pub struct Sent {
    pub bytes: u64,
    pub connections: u64,
    /// Longest lifetime of a connection.
    pub longest: Duration,
}

/// Sends `head`, then `block` repeatedly at full speed, on one connection after another. Reads and discards the replies.
pub fn send_at_full_speed(port: u16, head: &[u8], block: &[u8], stop: &AtomicBool) -> Sent {
    let mut sent = Sent::default();
    while !stop.load(Ordering::Relaxed) {
        let Ok(stream) = connect(port) else {
            pause(POLL_TIMEOUT);
            continue;
        };
        sent.connections += 1;
        let started_at = Instant::now();
        let is_closed = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| read_all(&stream, &is_closed, stop));
            let mut stream = &stream;
            let mut next = head;
            while !stop.load(Ordering::Relaxed) && !is_closed.load(Ordering::Relaxed) {
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

/// Reads until the connection is closed.
fn read_all(mut stream: &TcpStream, is_closed: &AtomicBool, stop: &AtomicBool) {
    let mut buffer = vec![0; 1 << 16];
    while !stop.load(Ordering::Relaxed) && !is_closed.load(Ordering::Relaxed) {
        match stream.read(&mut buffer) {
            Ok(0) => is_closed.store(true, Ordering::Relaxed),
            Err(error) if is_disconnect(&error) => is_closed.store(true, Ordering::Relaxed),
            _ => {}
        }
    }
}

/// Runs a number of attackers beside a load, and records a failure if its clients wait too long or the server's memory grows too
/// much. Returns the results of all attackers.
pub fn attack<T: Send>(
    trial: &mut Trial,
    deployment: &Deployment,
    server: &Server,
    attackers: usize,
    attacker: impl Fn(&AtomicBool) -> T + Sync,
) -> anyhow::Result<Vec<T>> {
    let windows = trial.by_form(WINDOWS[0], WINDOWS[1]);
    let floor = Duration::from_millis(trial.by_form(P99_LIMIT_FLOOR[0], P99_LIMIT_FLOOR[1]));
    let limit = |baseline: &[Duration]| floor.max(median(baseline) * MAX_P99_RATIO);
    let memory = server.start_memory_measurement()?;
    let (baseline, under_attack, results) = trial.under_load(deployment, &[server.port], |load, _| {
        load.wait_for_creates(20)?;
        let (mut baseline, mut under_attack, mut results) = (Vec::new(), Vec::new(), Vec::new());
        while baseline.len() < windows
            || (baseline.len() < MAX_WINDOWS && median(&under_attack) > limit(&baseline))
        {
            baseline.push(measure(load, BASELINE_WINDOW));
            let stop = AtomicBool::new(false);
            thread::scope(|scope| {
                let threads: Vec<_> = (0..attackers).map(|_| scope.spawn(|| attacker(&stop))).collect();
                under_attack.push(measure(load, ATTACK_WINDOW));
                stop.store(true, Ordering::Relaxed);
                results.extend(threads.into_iter().filter_map(|thread| thread.join().ok()));
            });
        }
        load.wait_for_creates(20)?;
        Ok((baseline, under_attack, results))
    })?;
    let (windows, limit) = (baseline.len(), limit(&baseline));
    let (baseline, under_attack) = (median(&baseline), median(&under_attack));
    trial.expect(under_attack <= limit, || {
        format!("the p99 is {under_attack:?} under attack, {baseline:?} without")
    });
    let grown = server.memory_growth(memory)?;
    trial.expect(grown < MAX_MEMORY_GROWTH, || format!("the memory grew by {grown} MiB"));
    trial.note(format!(
        "p99 {:.1} ms without the attack, {:.1} ms under it, windows: {windows}, {grown} MiB more memory",
        baseline.as_secs_f64() * 1000.0,
        under_attack.as_secs_f64() * 1000.0
    ));
    anyhow::ensure!(results.len() == attackers * windows, "an attacker panicked");
    Ok(results)
}

/// The p99 of the latencies within this time, or the time itself if nothing was answered.
fn measure(load: &Load, time: Duration) -> Duration {
    // Discards earlier latencies.
    load.take_latencies();
    pause(time);
    let latencies = load.take_latencies();
    latencies.get(latencies.len() * 99 / 100).copied().unwrap_or(time)
}

/// The median; for two values the greater one.
fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Waits until the server has closed all of these connections, and returns how many are still open at the time limit. If `trickle` is
/// given, sends this byte on each connection from time to time.
pub fn wait_for_disconnects(mut streams: Vec<TcpStream>, trickle: Option<u8>, limit: Duration) -> usize {
    for stream in &streams {
        // Otherwise each call would block.
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
                // Replies must stay unread here, so only a failed write shows that the connection is closed.
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
    fn one_window_under_other_load_does_not_move_the_median() {
        let times = [900, 4, 5].map(Duration::from_millis);
        assert_eq!(median(&times), Duration::from_millis(5));
        assert_eq!(median(&[]), Duration::ZERO);
    }
}
