//! `gochat groups`

mod change;
mod delete;
mod export;
mod import;
mod record;
mod show;

use super::{files, group_service, with_database};
use crate::{cli::GroupsCommand, settings::Settings};
use anyhow::anyhow;
use export::AllGroups;
use gochat_adapters::Database;
use gochat_domain::{
    auth::Caller,
    group::{GroupChange, GroupId, GroupName},
    service::GroupService,
};
use import::{CreateGroups, LookUpNames, SendGroups};
use std::process::ExitCode;

/// Runs a command for groups, with the use cases of the API.
pub(super) fn run(settings: &Settings, command: GroupsCommand) -> anyhow::Result<ExitCode> {
    let operator = Caller::operator();
    match command {
        GroupsCommand::Show(command) => {
            with_groups(settings, async |groups| show::run(groups, command).await)?;
        }
        GroupsCommand::Rename { id, name, output } => {
            let change = GroupChange::new(Some(GroupName::parse_existing(name)?), None, None)?;
            with_groups(settings, async |groups| change::run(groups, id, change, output).await)?;
        }
        GroupsCommand::HandOver { id, admin_id, output } => {
            let change = GroupChange::new(None, None, Some(admin_id))?;
            with_groups(settings, async |groups| change::run(groups, id, change, output).await)?;
        }
        GroupsCommand::Delete { id, yes, output } => {
            with_groups(settings, async |groups| delete::run(groups, id, yes, output).await)?;
        }
        GroupsCommand::Import(command) => {
            let permit = operator.permit()?;
            return Ok(files::import::run(
                settings,
                &command,
                |database, queue| CreateGroups { groups: group_service(database, queue), permit },
                |database| LookUpNames(database.map(Database::group_reader)),
                (SendGroups::PATH, SendGroups),
            ));
        }
        GroupsCommand::Export(command) => {
            let permit = operator.permit()?;
            return files::export::run(settings, &command, |database, queue| AllGroups {
                groups: group_service(database, queue),
                permit,
                after: None,
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs `work` with the groups of the configured database.
fn with_groups(
    settings: &Settings,
    work: impl AsyncFnOnce(&GroupService) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    with_database(settings, async |database, queue| work(&group_service(database, queue)).await)
}

fn no_group(id: GroupId) -> anyhow::Error {
    anyhow!("no group has the id {id}")
}
