//! Load by `wrk`, which sends a request as soon as it has the reply to the previous one.

mod read_kind;
mod requests;

pub use read_kind::ReadKind;
pub use requests::{Field, Names, Requests};

use crate::server::Server;
use anyhow::{Context, ensure};
use serde::Deserialize;
use std::{
    array,
    io::Write,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tempfile::NamedTempFile;

/// Duration of a warm-up. A new server opens its connections to the database on demand. The log of a new SQLite database grows
/// until its first checkpoints, and flushes of a growing file take longer.
const WARM_UP: Duration = Duration::from_secs(2);

/// A load of requests.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Number of connections, each with one request at a time.
    pub clients: usize,
    /// Duration.
    pub time: Duration,
    /// The requests.
    pub requests: Requests,
}

/// The figures of a load.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    /// Replies per second, including errors.
    pub throughput: f64,
    /// The median latency, in microseconds.
    pub p50: f64,
    /// The 99th percentile, in microseconds.
    pub p99: f64,
    /// The 99.9th percentile, in microseconds.
    pub p999: f64,
    /// Number of cores that the server used.
    pub cpu: f64,
    /// The server's peak memory, in bytes.
    pub peak: f64,
    /// Replies of 400 and above, connections that broke, and requests that timed out.
    pub errors: f64,
    /// Numbers of replies 201, 503 and others, if they were counted.
    pub statuses: [u64; 3],
}

/// The last line that the script prints.
#[derive(Deserialize)]
struct Line {
    requests: u64,
    duration_us: u64,
    p50_us: u64,
    p99_us: u64,
    p999_us: u64,
    failed: u64,
    broken: u64,
    created: u64,
    refused: u64,
    other: u64,
}

impl Load {
    /// A load of creates with ordered names.
    pub const fn creates(clients: usize, time: Duration) -> Self {
        Self { clients, time, requests: Requests::CREATES }
    }

    /// Runs the load on a server, after a warm-up by the same requests, of which only errors and statuses count.
    pub fn run(self, server: &Server<'_>) -> anyhow::Result<Sample> {
        let warm_up = Self { time: WARM_UP, ..self }.run_cold(server)?;
        let sample = self.run_cold(server)?;
        let statuses = array::from_fn(|index| warm_up.statuses[index] + sample.statuses[index]);
        Ok(Sample { errors: warm_up.errors + sample.errors, statuses, ..sample })
    }

    /// Runs the load on a server. The script has the API key and the seed as its first arguments.
    pub fn run_cold(self, server: &Server<'_>) -> anyhow::Result<Sample> {
        let mut script = NamedTempFile::with_suffix(".lua")?;
        script.write_all(self.requests.script(server.api()).as_bytes())?;
        let before = server.usage()?;
        let output = Command::new("wrk")
            .args(["--threads", "1", "--timeout", "30s"])
            .arg(format!("--connections={}", self.clients))
            .arg(format!("--duration={}s", self.time.as_secs()))
            .arg("--script")
            .arg(script.path())
            .args([server.url().as_str(), "--", server.key(), &seed().to_string()])
            .args(self.requests.arguments())
            .output()
            .context("wrk cannot be run (Debian: apt-get install wrk)")?;
        let after = server.usage()?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "wrk failed: {text}{}", String::from_utf8_lossy(&output.stderr));
        let line: Line = serde_json::from_str(text.lines().last().unwrap_or_default())
            .with_context(|| format!("wrk wrote {text}"))?;
        let seconds = line.duration_us as f64 / 1e6;
        Ok(Sample {
            throughput: line.requests as f64 / seconds,
            p50: line.p50_us as f64,
            p99: line.p99_us as f64,
            p999: line.p999_us as f64,
            cpu: after.cpu.saturating_sub(before.cpu).as_secs_f64() / seconds,
            peak: after.peak as f64,
            errors: (line.failed + line.broken) as f64,
            statuses: [line.created, line.refused, line.other],
        })
    }
}

/// A number that no other load has, so that all names differ.
pub fn seed() -> u64 {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    now * 1_000 + RUNS.fetch_add(1, Ordering::Relaxed)
}

impl Sample {
    /// The median of each figure. Errors and statuses are summed, because a median would hide those of one round.
    pub fn median(samples: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| {
            let mut figures: Vec<_> = samples.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
        };
        let sum = |index: usize| samples.iter().map(|sample| sample.statuses[index]).sum();
        Self {
            throughput: of(|sample| sample.throughput),
            p50: of(|sample| sample.p50),
            p99: of(|sample| sample.p99),
            p999: of(|sample| sample.p999),
            cpu: of(|sample| sample.cpu),
            peak: of(|sample| sample.peak),
            errors: samples.iter().map(|sample| sample.errors).sum(),
            statuses: [sum(0), sum(1), sum(2)],
        }
    }
}
