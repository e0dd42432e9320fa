//! `gochat members add`

use crate::{cli::Membership, commands::print};
use gochat_domain::{auth::Caller, ports::JoinError, service::MemberService};

/// Makes a user a member, and prints the member.
pub(super) async fn run(members: &MemberService, command: Membership) -> anyhow::Result<()> {
    let Membership { group_id, user_id, output } = command;
    match members.add(Caller::operator().permit()?, group_id, user_id).await {
        Err(JoinError::GroupNotFound) => anyhow::bail!("no group has the id {group_id}"),
        joined => {
            let joined = joined?;
            if !joined.is_new {
                eprintln!("user {} is a member of group {group_id} already", user_id.get());
            }
            print::member(&joined.member, output)
        }
    }
}
