//! `gochat members remove`

use crate::{cli::Membership, commands::print};
use anyhow::bail;
use gochat_domain::{
    auth::{Caller, MembersJoinOrWrite, Permit},
    member::RefusedLeave,
    ports::LeaveError,
    service::MemberService,
};

/// Ends a membership, and prints it as it was.
pub(super) async fn run(members: &MemberService, command: Membership) -> anyhow::Result<()> {
    let permit: Permit<MembersJoinOrWrite> = Caller::operator().permit()?;
    let Membership { group_id, user_id, output } = command;
    match members.leave(permit, group_id, user_id).await {
        Err(LeaveError::Refused(RefusedLeave::NotMember)) => {
            bail!("user {} is not a member of a group with the id {group_id}", user_id.get())
        }
        Err(LeaveError::Refused(RefusedLeave::Administrator)) => bail!(
            "user {} administers group {group_id}; hand it over first (gochat groups hand-over), or delete it",
            user_id.get()
        ),
        ended => print::member(&ended?, output),
    }
}
