//! `pgbench`, with a statement that inserts one group, or a transaction that locks a group, looks for a membership and
//! inserts it.

use crate::{
    load::{Load, Requests, Sample},
    server::Deployment,
};
use anyhow::{Context, bail, ensure};
use gochat_test_support::Cluster;
use std::{
    fs,
    io::{BufRead, BufReader},
    process::Command,
};

/// The script of a create. Each group has a unique name and UUID.
const CREATE: &str = include_str!("pgbench/create.sql");

/// The script of a join: a new user becomes a member of one of `:groups` groups.
const JOIN: &str = include_str!("pgbench/join.sql");

/// Runs a load of creates or joins, with one transaction per request and prepared statements.
pub fn run(
    cluster: &Cluster,
    deployment: &Deployment,
    Load { clients, time, requests }: Load,
) -> anyhow::Result<Sample> {
    let (text, groups) = match requests {
        Requests::Creates { .. } => (CREATE, 0),
        Requests::Joins { groups } => (JOIN, groups),
        other => bail!("there is no script for {}", other.request()),
    };
    // `--time` includes the time to connect, some milliseconds per client; the reported rate does not. So more clients get
    // more time.
    let seconds = time.as_secs() + clients as u64 / 64;
    let database = deployment.url().rsplit('/').next().context("the URL names no database")?;
    let script = deployment.folder().join("script.sql");
    fs::write(&script, text)?;
    let output = Command::new("pgbench")
        .args(["--no-vacuum", "--protocol=prepared", "--log", "--define=number=0"])
        .arg(format!("--define=groups={groups}"))
        .args(["--host=127.0.0.1", &format!("--port={}", cluster.port()), "--username", Cluster::USER])
        .args([&format!("--client={clients}"), "--jobs=1", &format!("--time={seconds}")])
        .arg("--file")
        .arg(&script)
        .arg(database)
        .env("PGPASSWORD", Cluster::PASSWORD)
        .current_dir(deployment.folder())
        .output()
        .context("pgbench cannot be run (Debian: apt-get install postgresql)")?;
    ensure!(output.status.success(), "pgbench failed: {}", String::from_utf8_lossy(&output.stderr));
    let mut latencies = latencies(deployment)?;
    ensure!(!latencies.is_empty(), "pgbench made no transactions");
    latencies.sort_unstable();
    let percentile = |thousandths: usize| latencies[(latencies.len() - 1) * thousandths / 1000] as f64;
    Ok(Sample {
        throughput: rate(&String::from_utf8_lossy(&output.stdout))?,
        p50: percentile(500),
        p99: percentile(990),
        p999: percentile(999),
        cpu: f64::NAN,
        peak: f64::NAN,
        errors: 0.0,
        statuses: [0; 3],
    })
}

/// Transactions per second, without the time to connect.
fn rate(text: &str) -> anyhow::Result<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("tps = "));
    let number =
        line.and_then(|line| line.split(' ').next()).with_context(|| format!("pgbench wrote {text}"))?;
    Ok(number.parse()?)
}

/// Latencies of the transactions in microseconds: the third word of each line of the log.
fn latencies(deployment: &Deployment) -> anyhow::Result<Vec<u64>> {
    let mut latencies = Vec::new();
    for entry in fs::read_dir(deployment.folder())? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pgbench_log.")) {
            for line in BufReader::new(fs::File::open(&path)?).lines() {
                let line = line?;
                latencies.push(line.split(' ').nth(2).context("a short line")?.parse()?);
            }
        }
    }
    Ok(latencies)
}
