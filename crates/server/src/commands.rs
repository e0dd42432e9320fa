//! The commands of the binary.

mod completions;
mod config;
mod dashboard;
mod files;
mod groups;
mod healthcheck;
mod keys;
mod man;
mod members;
mod migrate;
mod openapi;
mod print;
mod serve;
mod standard_output;

use crate::{
    cli::{Cli, Command},
    settings::Settings,
    startup,
};
use anyhow::{Context, bail};
use gochat_adapters::{CommitQueue, Database};
use gochat_domain::{
    clock::SystemClock,
    service::{GroupService, MemberService},
};
use std::{env, process::ExitCode, sync::Arc};

/// Runs the command given on the command line.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let profile = cli.profile();
    // Loaded only by commands that need settings: `gochat man` must work even when a setting is invalid.
    let settings = || -> anyhow::Result<Settings> { Ok(Settings::load(profile?, variables()?)?) };
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => return Ok(serve::run(&settings()?)),
        Command::Migrate => migrate::run(&settings()?)?,
        Command::Keys(command) => keys::run(&settings()?, command)?,
        Command::Groups(command) => return groups::run(&settings()?, command),
        Command::Members(command) => return members::run(&settings()?, command),
        Command::Dashboard { revoke } => dashboard::run(&settings()?, revoke)?,
        Command::Healthcheck => healthcheck::run(&settings()?)?,
        Command::Config => config::run(&settings()?)?,
        Command::Openapi => openapi::run()?,
        Command::Completions { shell } => completions::run(shell)?,
        Command::Man => man::run()?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs `work` on the configured database.
fn with_database<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(&Database, &CommitQueue) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let database = startup::open(&settings.database)?;
    let queue = database.start_queue(settings.writer).context("the writers cannot start")?;
    let outcome = actix_web::rt::System::new().block_on(work(&database, &queue));
    // The outcome is already known, so an error is ignored. A writer that hangs in the database delays the command by
    // this timeout at most.
    let _closed = startup::close(queue, settings.database.options.timeout);
    outcome
}

/// The use cases of groups on a database.
fn group_service(database: &Database, queue: &CommitQueue) -> GroupService {
    GroupService::new(queue.groups(), database.group_reader(), Arc::new(SystemClock))
}

/// The use cases of members on a database.
fn member_service(database: &Database, queue: &CommitQueue) -> MemberService {
    MemberService::new(queue.members(), database.member_reader(), Arc::new(SystemClock))
}

/// Returns the environment variables that are settings.
fn variables() -> anyhow::Result<Vec<(String, String)>> {
    let named = env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let ours = named.filter(|(name, _)| name.starts_with("GOCHAT__"));
    ours.map(|(name, value)| match value.into_string() {
        Ok(value) => Ok((name, value)),
        Err(_) => bail!("{name} is refused: expected Unicode"),
    })
    .collect()
}
