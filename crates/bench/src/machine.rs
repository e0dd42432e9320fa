//! The machine on which the benchmark runs.

use procfs::{CpuInfo, Current, Meminfo};
use std::{io, process::Command};

/// Describes the machine and the versions.
pub fn describe() -> anyhow::Result<String> {
    let cpu = CpuInfo::current()?;
    let model = cpu.model_name(0).unwrap_or("unknown processor").to_owned();
    let memory = Meminfo::current()?.mem_total / (1 << 30);
    let versions: Vec<_> = [
        ("uname", &["-sr"] as &[_]),
        ("rustc", &["--version"]),
        ("pgbench", &["--version"]),
        ("wrk", &["--version"]),
    ]
    .into_iter()
    .map(|(program, arguments)| first_line(program, arguments))
    .collect();
    Ok(format!(
        "{} cores of {model}, {memory} GiB; {}; gochat {}; {}. The load generator and PostgreSQL share the cores.\n",
        cpu.num_cores(),
        versions.join("; "),
        env!("CARGO_PKG_VERSION"),
        chrono::Utc::now().format("%Y-%m-%d"),
    ))
}

/// The first line that a program prints about its version, or the error if it cannot be run.
fn first_line(program: &str, arguments: &[&str]) -> String {
    version(program, arguments).unwrap_or_else(|error| format!("{program}: {error}"))
}

/// The first line that a program prints about its version.
pub fn version(program: &str, arguments: &[&str]) -> io::Result<String> {
    // `wrk --version` prints the version although it exits with 1.
    let output = Command::new(program).args(arguments).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text
        .lines()
        .next()
        .unwrap_or_default()
        .split(" Copyright")
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned())
}
