//! `gochat groups show`

use crate::{cli::ShowGroup, commands::print};
use anyhow::{Context, bail};
use gochat_domain::{
    auth::Caller,
    group::{GroupKey, GroupName},
    service::GroupService,
};

/// Prints a group.
pub(super) async fn run(groups: &GroupService, command: ShowGroup) -> anyhow::Result<()> {
    let (key, words) = match (command.id, command.uuid, command.name) {
        (Some(id), ..) => (GroupKey::Id(id), format!("the id {id}")),
        (None, Some(uuid), _) => (GroupKey::Uuid(uuid), format!("the UUID {uuid}")),
        (None, None, Some(name)) => {
            let words = format!("the name {name:?}");
            (GroupKey::Name(GroupName::parse_existing(name)?), words)
        }
        (None, None, None) => bail!("an id, a UUID or a name must be given"),
    };
    let group = groups.find(Caller::operator().permit()?, &key).await?;
    print::group(&group.with_context(|| format!("no group has {words}"))?, command.output)
}
