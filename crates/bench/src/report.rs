//! Runs the selected scenarios, prints the results, and writes them into `docs/performance.md`.

use crate::{
    cli::Cli,
    machine,
    scenarios::{Plan, Scenario},
    table,
};
use anyhow::{Context, ensure};
use clap::ValueEnum;
use gochat_test_support::Cluster;
use std::{fmt::Write, fs, io::Write as _, time::Duration};

/// The page, and the marks around the figures.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/performance.md");
const BEGIN: &str = "<!-- figures: written by `just bench` -->\n";
const END: &str = "<!-- end of figures -->\n";

const FULL: Plan = Plan { rounds: 3, time: Duration::from_secs(6) };
const QUICK: Plan = Plan { rounds: 3, time: Duration::from_secs(2) };

/// Runs the benchmark that the command line selects.
pub fn run(cli: &Cli) -> anyhow::Result<()> {
    let plan = if cli.quick { QUICK } else { FULL };
    let scenarios = match cli.only.as_slice() {
        [] if cli.peers => &[Scenario::Peers, Scenario::Bulk],
        [] if cli.quick => &[Scenario::Systems, Scenario::Start],
        [] => Scenario::value_variants(),
        only => only,
    };
    let cluster = Cluster::start(&[])?;
    let mut report = machine::describe()?;
    let mut goals = Vec::new();
    for scenario in scenarios {
        let section = scenario.run(plan, &cluster)?;
        write!(report, "\n### {}\n{}", section.title, section.text)?;
        goals.extend(section.goals);
    }
    write!(report, "\n### Goals\n{}", table::goals(&goals))?;
    std::io::stdout().write_all(report.as_bytes())?;
    if !cli.quick && !cli.peers && cli.only.is_empty() {
        write(&report)?;
    }
    Ok(())
}

/// Replaces the figures of the previous run.
fn write(report: &str) -> anyhow::Result<()> {
    let page = fs::read_to_string(PAGE).context(PAGE)?;
    let (before, rest) = page.split_once(BEGIN).context("the page has no place for figures")?;
    let (_, after) = rest.split_once(END).context("the page has no end of the figures")?;
    ensure!(!after.contains(BEGIN), "the page has two places for figures");
    fs::write(PAGE, format!("{before}{BEGIN}{report}{END}{after}"))?;
    Ok(())
}
