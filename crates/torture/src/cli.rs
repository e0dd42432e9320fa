//! The command line.

use clap::Parser;
use std::path::PathBuf;

/// Start the binary gochat, hurt it, and hold each of its answers against the database.
///
/// Exits with 1, and the difference, if an answer and the database do not agree.
#[derive(Debug, Parser)]
#[command(name = "gochat-torture")]
pub struct Cli {
    /// Five minutes in all by the clock: fewer rounds, and what the time does not allow is named as left out.
    #[arg(long)]
    pub short: bool,

    /// The number from which all that is random follows; a new one if left out.
    #[arg(long)]
    pub seed: Option<u64>,

    /// Only this fault, as `--list` names it, on one database or on each: `sqlite::kill` or `kill`. Also all that begin so: `file`,
    /// `sqlite::file` or `postgres`. May be given more than once.
    #[arg(long, value_name = "FAULT")]
    pub only: Vec<String>,

    /// List the faults, and what each needs.
    #[arg(long)]
    pub list: bool,

    /// Write the figures into docs/reliability.md: with --only, those rows alone, beside the other rows of that seed.
    #[arg(long)]
    pub write: bool,

    /// The binary; the one beside this program if left out.
    #[arg(long, value_name = "PATH")]
    pub program: Option<PathBuf>,
}
