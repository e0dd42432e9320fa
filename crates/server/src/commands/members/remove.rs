//! `gochat members remove`

use crate::{cli::Membership, commands::print};
use gochat_domain::{
    auth::{Caller, MembersJoinOrWrite, Permit},
    service::MemberService,
};

/// Ends a membership, and prints it as it was.
pub(super) async fn run(members: &MemberService, command: Membership) -> anyhow::Result<()> {
    let permit: Permit<MembersJoinOrWrite> = Caller::operator().permit()?;
    let ended = members.leave(permit, command.group_id, command.user_id).await?;
    print::member(&ended, command.output)
}
