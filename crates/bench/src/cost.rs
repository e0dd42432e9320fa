//! The cost of one request: instructions in user space, allocations and system calls of the whole server, with all of its
//! threads, counted by Valgrind's tool Callgrind.
//!
//! Counts do not depend on what else runs on the machine, so they show changes that the noise of throughput hides. Only
//! requests are counted: the counters begin when the server has started and answered some.

mod allowance;
mod counted_server;
mod figures;
mod kind;
mod profile;

use crate::{machine, page, server::Deployment, system::System, table};
use allowance::Allowance;
use anyhow::Context;
use counted_server::CountedServer;
use figures::Figures;
use gochat_test_support::Cluster;
use kind::Kind;
use std::io::{self, Write};

/// The marks around the figures in the page.
const MARKS: [&str; 2] = ["<!-- cost: written by `just cost` -->\n", "<!-- end of cost -->\n"];

/// The headers of the figures.
const FIGURES: [&str; 3] = ["instructions", "allocations", "system calls"];

/// Number of connections that each have one request in flight.
const CONNECTIONS: [usize; 2] = [1, 64];

/// Number of windows in which a cost is counted, one after another. The median is reported.
const WINDOWS: usize = 5;

/// Requests of each connection in one count, for one connection and for many.
const ROUNDS: [usize; 2] = [100, 10];

/// Requests in one count of [`check`].
const CHECK_ROUNDS: usize = 8;

/// Number of functions in the list of the most expensive ones.
const FUNCTIONS: usize = 10;

/// Counts requests of each kind on each database, prints the figures, and writes them into `docs/performance.md`.
pub fn run() -> anyhow::Result<()> {
    let cluster = Cluster::start(&[])?;
    let mut rows = Vec::new();
    let mut functions = String::new();
    let systems: [(System, &[Kind]); 3] =
        [(System::ActixWeb, &[Kind::Create]), (System::Sqlite, &Kind::ALL), (System::Postgres, &Kind::ALL)];
    for (system, kinds) in systems {
        let deployment = Deployment::new(system, &cluster)?;
        let mut server = CountedServer::start(&deployment)?;
        for kind in kinds {
            for (connections, rounds) in CONNECTIONS.into_iter().zip(ROUNDS) {
                let windows = server.count(*kind, connections, rounds, WINDOWS)?;
                let figures = Figures::median(&windows);
                rows.push(
                    [vec![system.to_string(), kind.to_string(), connections.to_string()], figures.cells()]
                        .concat(),
                );
                if (system, *kind, connections) == (System::Sqlite, Kind::Create, 1) {
                    functions = most_expensive(&windows)?;
                }
            }
        }
    }
    let header = [&["system", "request", "in flight"], &FIGURES[..]].concat();
    let report = format!(
        "{}\n{}\nThe {FUNCTIONS} functions that cost most in a create on SQLite, one in flight, without the functions that they call:\n\n{functions}",
        machine::describe()?,
        table::render(&header, &rows)
    );
    io::stdout().write_all(report.as_bytes())?;
    page::replace(MARKS, &report)
}

/// Counts a create on SQLite. Fails if it costs more than `cost.toml` allows.
pub fn check() -> anyhow::Result<()> {
    let cluster = Cluster::start(&[])?;
    let deployment = Deployment::new(System::Sqlite, &cluster)?;
    let mut server = CountedServer::start(&deployment)?;
    let figures = Figures::median(&server.count(Kind::Create, 1, CHECK_ROUNDS, WINDOWS)?);
    let table = table::render(&FIGURES, &[figures.cells()]);
    io::stdout().write_all(format!("A create on SQLite:\n{table}").as_bytes())?;
    Allowance::load()?.check(&figures)
}

/// A table of the functions that cost most in the first window.
fn most_expensive(windows: &[Figures]) -> anyhow::Result<String> {
    let window = windows.first().context("nothing was counted")?;
    let rows: Vec<_> = window
        .functions
        .iter()
        .take(FUNCTIONS)
        .map(|(name, instructions)| {
            let share = instructions / window.instructions * 100.0;
            vec![format!("`{name}`"), format!("{instructions:.0}"), format!("{share:.1} %")]
        })
        .collect();
    Ok(table::render(&["function", "instructions", "share"], &rows))
}
