//! The output of commands: lines for people, or JSON.

use super::standard_output;
use crate::{
    cli::Output,
    wire::{GroupBody, MemberBody},
};
use gochat_domain::{
    group::Group,
    member::{Member, Role},
};
use serde::Serialize;
use std::fmt::Display;

/// Prints a group.
pub(super) fn group(group: &Group, output: Output) -> anyhow::Result<()> {
    if output.json {
        return json(&GroupBody::from(group));
    }
    lines(&[
        ("id", &group.id),
        ("uuid", &group.uuid),
        ("name", &group.name.as_str()),
        ("admin_id", &group.admin_id.get()),
        ("token", &group.token.as_str()),
        ("created_at", &group.created_at),
    ])
}

/// Prints a member.
pub(super) fn member(member: &Member, output: Output) -> anyhow::Result<()> {
    if output.json {
        return json(&MemberBody::from(member));
    }
    lines(&[
        ("group_id", &member.group_id),
        ("user_id", &member.user_id.get()),
        ("role", &role(member.role)),
        ("joined_at", &member.joined_at),
    ])
}

/// The name of a role.
pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::Administrator => "administrator",
        Role::Member => "member",
    }
}

/// Prints a value as JSON.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(standard_output::print(&text)?)
}

/// Prints a line for each field.
fn lines(fields: &[(&str, &dyn Display)]) -> anyhow::Result<()> {
    let lines = fields.iter().map(|(name, value)| format!("{name:10}  {value}\n"));
    Ok(standard_output::print(lines.collect::<String>().as_bytes())?)
}
