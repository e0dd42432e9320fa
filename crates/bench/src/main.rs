//! Measures the group service and compares it with other systems. See the README of this crate.
#![allow(clippy::cast_precision_loss, reason = "a figure has fewer digits than an f64 keeps")]

mod actix_alone;
mod api;
mod cli;
mod cost;
mod line_stream;
mod load;
mod machine;
mod page;
mod peers;
mod pgbench;
mod postgres_log;
mod prefill;
mod ratio;
mod report;
mod scenarios;
mod serve;
mod server;
mod system;
mod table;
mod textbook;

use clap::Parser;
use cli::{Cli, Command};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Some(Command::Cost { check: true }) => cost::check(),
        Some(Command::Cost { check: false }) => cost::run(),
        Some(Command::Serve { system }) => serve::run(system),
        None => report::run(&cli),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gochat-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
