//! Members as JSON.

use super::as_text;
use gochat_domain::{
    member::{Member, Role},
    user::UserId,
};
use serde::Serialize;
use std::fmt::Display;
use utoipa::ToSchema;

/// A member of a group.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
pub(crate) struct MemberBody<'a> {
    #[schema(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    group_id: i64,
    #[schema(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    user_id: i64,
    role: RoleName,
    /// When the user joined; for an administrator who never joined, when the group was created. RFC 3339 in UTC, with
    /// six decimals.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, format = DateTime)]
    joined_at: &'a dyn Display,
}

/// A member in a list of the members of one group.
// The user's id is called `id`, as in GoChat's public API documentation.
#[derive(Serialize, ToSchema)]
#[schema(as = GroupMember)]
pub(crate) struct GroupMemberBody<'a> {
    /// The id of the user.
    #[schema(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    id: i64,
    role: RoleName,
    /// As in `Member`.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, format = DateTime)]
    joined_at: &'a dyn Display,
}

/// The administrator of a group.
#[derive(Serialize, ToSchema)]
#[schema(as = Administrator)]
pub(crate) struct AdministratorBody {
    /// The id of the user.
    #[schema(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    id: i64,
}

/// The role of a member.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
pub(crate) enum RoleName {
    Administrator,
    Member,
}

impl<'a> From<&'a Member> for MemberBody<'a> {
    fn from(member: &'a Member) -> Self {
        Self {
            group_id: member.group_id.get(),
            user_id: member.user_id.get(),
            role: member.role.into(),
            joined_at: &member.joined_at,
        }
    }
}

impl<'a> From<&'a Member> for GroupMemberBody<'a> {
    fn from(member: &'a Member) -> Self {
        Self { id: member.user_id.get(), role: member.role.into(), joined_at: &member.joined_at }
    }
}

impl From<UserId> for AdministratorBody {
    fn from(user: UserId) -> Self {
        Self { id: user.get() }
    }
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Administrator => Self::Administrator,
            Role::Member => Self::Member,
        }
    }
}
