//! The command line.

use crate::{scenarios::Scenario, system::System};
use clap::{Parser, Subcommand};

/// Measure the group service over loopback, beside a service without group commit, and beside pgbench.
#[derive(Debug, Parser)]
#[command(name = "gochat-bench")]
pub struct Cli {
    /// Shorter runs, and only the comparison of systems and the start; writes no file.
    #[arg(long)]
    pub quick: bool,

    /// Only this; may be given more than once. Writes no file.
    #[arg(long)]
    pub only: Vec<Scenario>,

    /// What to do instead of measuring.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program does for itself.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve as a system that is not the product, with the settings of the product.
    #[command(hide = true)]
    Serve {
        /// Which.
        system: System,
    },
}
