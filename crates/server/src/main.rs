//! The binary `gochat`.

use clap::Parser;
use gochat::cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    match gochat::commands::run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("gochat: {error:#}");
            ExitCode::FAILURE
        }
    }
}
