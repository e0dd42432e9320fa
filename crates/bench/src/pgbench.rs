//! `pgbench`, with the product's insert of one group.

use crate::{load::Sample, server::Deployment};
use anyhow::{Context, ensure};
use gochat_test_support::Cluster;
use std::{
    fs,
    io::{BufRead, BufReader},
    process::Command,
    time::Duration,
};

/// Gives each group a unique name and UUID.
const SCRIPT: &str = r"\set number :number + 1
INSERT INTO groups (uuid, name, token, admin_id, created_at)
    VALUES (gen_random_uuid(), 'group_' || :client_id || '_' || :number, '298fbgv479bv', 1, now())
    ON CONFLICT (name) DO NOTHING RETURNING id, uuid;
";

/// Runs it with this many clients, one transaction per group and prepared statements.
pub fn run(
    cluster: &Cluster,
    deployment: &Deployment,
    clients: usize,
    time: Duration,
) -> anyhow::Result<Sample> {
    let database = deployment.url().rsplit('/').next().context("the URL names no database")?;
    let script = deployment.folder().join("insert.sql");
    fs::write(&script, SCRIPT)?;
    let output = Command::new("pgbench")
        .args(["--no-vacuum", "--protocol=prepared", "--log", "--define=number=0"])
        .args(["--host=127.0.0.1", &format!("--port={}", cluster.port()), "--username", Cluster::USER])
        .args([&format!("--client={clients}"), "--jobs=1", &format!("--time={}", time.as_secs())])
        .arg("--file")
        .arg(&script)
        .arg(database)
        .env("PGPASSWORD", Cluster::PASSWORD)
        .current_dir(deployment.folder())
        .output()
        .context("pgbench cannot be run (Debian: apt-get install postgresql)")?;
    ensure!(output.status.success(), "pgbench failed: {}", String::from_utf8_lossy(&output.stderr));
    let mut latencies = latencies(deployment)?;
    ensure!(!latencies.is_empty(), "pgbench made nothing");
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
