//! A member on a line of an exported file.

use super::{RoleName, as_text};
use gochat_domain::{group::Group, member::Member};
use serde::Serialize;
use std::fmt::Display;

/// A member of a group, with the group's name, which an import finds the group by.
#[derive(Serialize)]
pub(crate) struct ExportedMember<'a> {
    group_id: i64,
    group_name: &'a str,
    user_id: i64,
    role: RoleName,
    #[serde(serialize_with = "as_text")]
    joined_at: &'a dyn Display,
}

impl<'a> ExportedMember<'a> {
    /// Names of the fields, in their order.
    pub(crate) const COLUMNS: &'static str = "group_id,group_name,user_id,role,joined_at";

    pub(crate) fn new(group: &'a Group, member: &'a Member) -> Self {
        Self {
            group_id: group.id.get(),
            group_name: group.name.as_str(),
            user_id: member.user_id.get(),
            role: member.role.into(),
            joined_at: &member.joined_at,
        }
    }
}
