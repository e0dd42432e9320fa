//! Hurts the group service and holds its answers against the database. See the README of this crate.

mod cleanup;
mod cli;
mod client;
mod faults;
mod home;
mod hostile;
mod ledger;
mod load;
mod need;
mod order;
mod page;
mod process;
mod report;
mod run;
mod server;
mod supervise;
mod tools;
mod trial;
mod wait;
mod watch;

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
