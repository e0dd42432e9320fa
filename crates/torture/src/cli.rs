//! The command line.

use clap::Parser;
use std::path::PathBuf;

/// Start the binary gochat, inject faults, and check each of its answers against the database.
///
/// If the answers and the database do not agree, prints the differences and exits with 1.
#[derive(Debug, Parser)]
#[command(name = "gochat-torture")]
pub struct Cli {
    /// Take five minutes in all: run fewer rounds, and skip faults when no time is left. The report names the skipped ones.
    #[arg(long)]
    pub short: bool,

    /// Seed of all random choices; random by default.
    #[arg(long)]
    pub seed: Option<u64>,

    /// Run only this fault, on one database or on each: `sqlite::kill` or `kill`. Also accepts a prefix of names (`file`,
    /// `sqlite::file`) or a database (`postgres`). May be given more than once.
    #[arg(long, value_name = "FAULT")]
    pub only: Vec<String>,

    /// List the faults, and what each needs.
    #[arg(long)]
    pub list: bool,

    /// Write the figures into docs/reliability.md. With --only, replace only the rows of this run and keep the others; those must have
    /// the same version, form (long or --short) and seed.
    #[arg(long)]
    pub write: bool,

    /// Path of the binary gochat; by default the one in the folder of this program.
    #[arg(long, value_name = "PATH")]
    pub program: Option<PathBuf>,
}
