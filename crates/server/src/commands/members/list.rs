//! `gochat members list`

use crate::{
    cli::Output,
    commands::{print, standard_output},
    wire::GroupMemberBody,
};
use anyhow::Context;
use gochat_domain::{
    auth::Caller,
    group::{GroupId, GroupKey},
    member::Member,
    page::PageSize,
    service::MemberService,
};
use std::fmt::Write;

/// Prints the members of a group.
pub(super) async fn run(members: &MemberService, group_id: GroupId, output: Output) -> anyhow::Result<()> {
    let members = all(members, group_id).await?;
    if output.json {
        return print::json(&members.iter().map(GroupMemberBody::from).collect::<Vec<_>>());
    }
    let mut table = line("USER", "ROLE", &"JOINED");
    for member in &members {
        write!(
            table,
            "{}",
            line(&member.user_id.get().to_string(), print::role(member.role), &member.joined_at)
        )?;
    }
    Ok(standard_output::print(table.as_bytes())?)
}

fn line(user: &str, role: &str, joined: &dyn std::fmt::Display) -> String {
    format!("{user:19}  {role:13}  {joined}\n")
}

/// Reads all members, page by page.
async fn all(members: &MemberService, group_id: GroupId) -> anyhow::Result<Vec<Member>> {
    let permit = Caller::operator().permit()?;
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = members.members(permit, &GroupKey::Id(group_id), after, PageSize::MAX).await?;
        let page = page.with_context(|| format!("no group has the id {group_id}"))?;
        all.extend(page.items);
        after = page.next_after;
        if after.is_none() {
            return Ok(all);
        }
    }
}
