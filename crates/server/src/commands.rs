//! What each command does.

mod config;
mod keys;
mod migrate;
mod serve;

use crate::{
    cli::{Cli, Command},
    settings::Settings,
};

/// Runs the command that the command line names.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    let settings = Settings::load(cli.profile()?)?;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(&settings),
        Command::Migrate => migrate::run(&settings),
        Command::Keys(command) => keys::run(&settings, command),
        Command::Config => config::run(&settings),
    }
}
