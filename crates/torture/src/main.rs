//! Injects faults into the group service and checks its answers against the database. See the README of this crate.

mod cleanup;
mod cli;
mod client;
mod deployment;
mod faults;
mod hostile;
mod ledger;
mod load;
mod page;
mod process;
mod progress;
mod report;
mod requirement;
mod run;
mod run_context;
mod schedule;
mod server;
mod supervise;
mod trial;
mod wait;

use clap::Parser;
use cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = if cli.list { run::list() } else { run::run(&cli) };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("gochat-torture: {error:#}");
            ExitCode::FAILURE
        }
    }
}
