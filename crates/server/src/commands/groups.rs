//! `gochat groups`

mod backoff;
mod export;
mod import;
mod progress;
mod records;
mod stop;

use crate::{cli::GroupsCommand, settings::Settings};
use gochat_domain::{clock::SystemClock, service::GroupService};
use std::{process::ExitCode, sync::Arc};

/// Imports or exports groups, with the use cases of the API.
pub(super) fn run(settings: &Settings, command: GroupsCommand) -> anyhow::Result<ExitCode> {
    match command {
        GroupsCommand::Import(command) => Ok(import::run(settings, &command)),
        GroupsCommand::Export(command) => export::run(settings, &command),
    }
}

/// Runs `work` with the groups of the configured database.
fn with_groups<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(&GroupService) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    super::with_database(settings, async |database, queue| {
        let groups = GroupService::new(queue.groups(), database.group_reader(), Arc::new(SystemClock));
        work(&groups).await
    })
}
