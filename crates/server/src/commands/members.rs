//! `gochat members`

mod add;
mod export;
mod import;
mod list;
mod record;
mod remove;

use super::{files, group_service, member_service, with_database};
use crate::{cli::MembersCommand, settings::Settings};
use export::AllMembers;
use gochat_domain::{auth::Caller, service::MemberService};
use import::{AddMembers, LookUpMembers, SendJoins};
use std::process::ExitCode;

/// Runs a command for members, with the use cases of the API.
pub(super) fn run(settings: &Settings, command: MembersCommand) -> anyhow::Result<ExitCode> {
    let operator = Caller::operator();
    match command {
        MembersCommand::Add(command) => {
            with_members(settings, async |members| add::run(members, command).await)?;
        }
        MembersCommand::Remove(command) => {
            with_members(settings, async |members| remove::run(members, command).await)?;
        }
        MembersCommand::List { group_id, output } => {
            with_members(settings, async |members| list::run(members, group_id, output).await)?;
        }
        MembersCommand::Import(command) => {
            let (write, read) = (operator.permit()?, operator.permit()?);
            return Ok(files::import::run(
                settings,
                &command,
                |database, queue| {
                    let (groups, members) = (group_service(database, queue), member_service(database, queue));
                    AddMembers::new(groups, members, read, write)
                },
                |database| {
                    LookUpMembers(
                        database.map(|database| (database.group_reader(), database.member_reader())),
                    )
                },
                (SendJoins::PATH, SendJoins::new),
            ));
        }
        MembersCommand::Export(command) => {
            let permit = operator.permit()?;
            return files::export::run(settings, &command, |database, queue| AllMembers {
                members: member_service(database, queue),
                permit,
                after: None,
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs `work` with the members of the configured database.
fn with_members(
    settings: &Settings,
    work: impl AsyncFnOnce(&MemberService) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    with_database(settings, async |database, queue| work(&member_service(database, queue)).await)
}
