//! What each command does.

mod config;
mod keys;
mod migrate;
mod serve;

use crate::{
    cli::{Cli, Command},
    settings::Settings,
};
use std::env;

/// Runs the command that the command line names.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    // A variable that is not Unicode is none of ours.
    let variables = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let settings = Settings::load(cli.profile()?, variables)?;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(&settings),
        Command::Migrate => migrate::run(&settings),
        Command::Keys(command) => keys::run(&settings, command),
        Command::Config => config::run(&settings),
    }
}
