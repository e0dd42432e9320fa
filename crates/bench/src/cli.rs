//! The command line.

use crate::{scenarios::Scenario, system::System};
use clap::{Parser, Subcommand};

/// Measure the group service over loopback, and compare it with a service without group commit and with pgbench.
#[derive(Debug, Parser)]
#[command(name = "gochat-bench")]
pub struct Cli {
    /// Run only the scenarios `systems` and `start`, with shorter loads. Writes no file.
    #[arg(long)]
    pub quick: bool,

    /// Run only this scenario; may be given more than once. Writes no file.
    #[arg(long)]
    pub only: Vec<Scenario>,

    /// Run only the scenarios `peers` and `bulk`, which compare the service with PocketBase and PostgREST. Writes no file.
    #[arg(long, conflicts_with = "only")]
    pub peers: bool,

    /// An action instead of measuring.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Other actions of the program.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Count the instructions, allocations and system calls of one request, and write them into docs/performance.md.
    Cost {
        /// Count only a create on SQLite, and fail if it costs more than crates/bench/cost.toml allows. Writes no file.
        #[arg(long)]
        check: bool,
    },

    /// Serve as one of the systems that are compared with the product, with the product's settings.
    #[command(hide = true)]
    Serve {
        /// The system.
        system: System,
    },
}
