//! What each command does.

mod config;
mod keys;
mod migrate;
mod serve;

use crate::{
    cli::{Cli, Command},
    settings::Settings,
};
use anyhow::bail;
use std::env;

/// Runs the command that the command line names.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    let settings = Settings::load(cli.profile()?, variables()?)?;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(&settings),
        Command::Migrate => migrate::run(&settings),
        Command::Keys(command) => keys::run(&settings, command),
        Command::Config => config::run(&settings),
    }
}

/// The environment, but for what cannot be a setting.
fn variables() -> anyhow::Result<Vec<(String, String)>> {
    let named = env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let ours = named.filter(|(name, _)| name.starts_with("GOCHAT__"));
    ours.map(|(name, value)| match value.into_string() {
        Ok(value) => Ok((name, value)),
        Err(_) => bail!("{name} is refused: expected Unicode"),
    })
    .collect()
}
