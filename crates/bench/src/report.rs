//! Runs the selected scenarios, prints the results, and writes them into `docs/performance.md`.

use crate::{
    cli::Cli,
    machine, page,
    scenarios::{Plan, Scenario},
    table,
};
use clap::ValueEnum;
use gochat_test_support::Cluster;
use std::{fmt::Write, io::Write as _, time::Duration};

/// The marks around the figures.
const MARKS: [&str; 2] = ["<!-- figures: written by `just bench` -->\n", "<!-- end of figures -->\n"];

const FULL: Plan = Plan { rounds: 3, time: Duration::from_secs(6), lines: 1_000_000 };
const QUICK: Plan = Plan { rounds: 3, time: Duration::from_secs(2), lines: 200_000 };

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
        page::replace(MARKS, &report)?;
    }
    Ok(())
}
