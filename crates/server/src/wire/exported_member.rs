//! A member on a line of an exported file.

use super::{RoleName, as_text};
use gochat_domain::member::ListedMember;
use serde::Serialize;
use std::fmt::Display;

/// A member of a group. It has the group's name, because an import finds the group by its name.
#[derive(Serialize)]
pub(crate) struct ExportedMember<'a> {
    group_id: i64,
    group_name: &'a str,
    user_id: i64,
    role: RoleName,
    #[serde(serialize_with = "as_text")]
    joined_at: &'a dyn Display,
}

impl ExportedMember<'_> {
    /// Names of the fields, in their order.
    pub(crate) const COLUMNS: &'static str = "group_id,group_name,user_id,role,joined_at";
}

impl<'a> From<&'a ListedMember> for ExportedMember<'a> {
    fn from(ListedMember { member, group_name }: &'a ListedMember) -> Self {
        Self {
            group_id: member.group_id.get(),
            group_name: group_name.as_str(),
            user_id: member.user_id.get(),
            role: member.role.into(),
            joined_at: &member.joined_at,
        }
    }
}
