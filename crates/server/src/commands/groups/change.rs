//! `gochat groups rename` and `gochat groups hand-over`

use super::no_group;
use crate::{cli::Output, commands::print};
use gochat_domain::{
    auth::Caller,
    group::{Expected, GroupChange, GroupId},
    ports::ChangeGroupError,
    service::GroupService,
};

/// Changes a group, and prints it as it is afterwards.
pub(super) async fn run(
    groups: &GroupService,
    id: GroupId,
    change: GroupChange,
    output: Output,
) -> anyhow::Result<()> {
    match groups.change(Caller::operator().permit()?, id, change, Expected::Any).await {
        Err(ChangeGroupError::NotFound) => Err(no_group(id)),
        changed => print::group(&changed?, output),
    }
}
