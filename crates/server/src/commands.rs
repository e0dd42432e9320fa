//! What each command does.

mod completions;
mod config;
mod groups;
mod healthcheck;
mod keys;
mod man;
mod migrate;
mod openapi;
mod serve;
mod standard_output;

use crate::{
    cli::{Cli, Command},
    settings::Settings,
    startup,
};
use anyhow::{Context, bail};
use gochat_adapters::{CommitQueue, Database};
use std::{env, process::ExitCode};

/// Runs the command that the command line names.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let profile = cli.profile();
    // Read by the commands that need them: a man page is of use before the settings are right.
    let settings = || -> anyhow::Result<Settings> { Ok(Settings::load(profile?, variables()?)?) };
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => return Ok(serve::run(&settings()?)),
        Command::Migrate => migrate::run(&settings()?)?,
        Command::Keys(command) => keys::run(&settings()?, command)?,
        Command::Groups(command) => return groups::run(&settings()?, command),
        Command::Healthcheck => healthcheck::run(&settings()?)?,
        Command::Config => config::run(&settings()?)?,
        Command::Openapi => openapi::run()?,
        Command::Completions { shell } => completions::run(shell)?,
        Command::Man => man::run()?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs `work` on the database of the settings.
fn with_database<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(&Database, &CommitQueue) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let database = startup::open(&settings.database)?;
    let queue = database.start_queue(settings.writer).context("the writers cannot start")?;
    let outcome = actix_web::rt::System::new().block_on(work(&database, &queue));
    // The outcome is known: a writer that does not return from the database must not hold up the command.
    let _late = startup::close(queue, settings.database.options.timeout);
    outcome
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
