//! `gochat groups delete`

use super::no_group;
use crate::{cli::Output, commands::print};
use anyhow::{bail, ensure};
use gochat_domain::{
    auth::Caller,
    group::{Expected, Group, GroupId, GroupKey},
    ports::DeleteGroupError,
    service::GroupService,
};
use std::io::{self, IsTerminal, Write};

/// Deletes a group, and prints it as it was. Asks first unless `yes` is set.
pub(super) async fn run(groups: &GroupService, id: GroupId, yes: bool, output: Output) -> anyhow::Result<()> {
    let caller = Caller::operator();
    let expected = if yes {
        Expected::Any
    } else {
        ensure!(
            io::stdin().is_terminal(),
            "standard input is not a terminal, so nobody can be asked; add --yes to delete the group"
        );
        let Some(group) = groups.find(caller.permit()?, &GroupKey::Id(id)).await? else {
            return Err(no_group(id));
        };
        ensure!(is_confirmed(&group)?, "nothing was deleted");
        // Only what was shown is deleted.
        Expected::OneOf(vec![group.version])
    };
    match groups.delete(caller.permit()?, id, expected).await {
        Err(DeleteGroupError::NotFound) => Err(no_group(id)),
        Err(DeleteGroupError::PreconditionFailed(_)) => {
            bail!("the group was changed in the meantime; nothing was deleted")
        }
        deleted => print::group(&deleted?, output),
    }
}

/// Asks whether to delete the group.
fn is_confirmed(group: &Group) -> io::Result<bool> {
    let mut terminal = io::stderr();
    write!(
        terminal,
        "Delete the group {} ({:?}) and its memberships? [y/N] ",
        group.id,
        group.name.as_str()
    )?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].iter().any(|yes| answer.trim().eq_ignore_ascii_case(yes)))
}
