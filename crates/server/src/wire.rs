//! Groups and members as JSON, in the API and in import and export files.

mod change_group;
mod create_group;
mod create_line;
mod exported_member;
mod group;
mod invalid_request;
mod join;
mod member;
mod membership;
mod object;
mod values;

/// Maximum size in bytes of the body of a request, and of a line of a file.
pub(crate) const MAX_BYTES: usize = 16 * 1024;

pub(crate) use change_group::{ChangedFields, parse_change};
pub(crate) use create_group::{Fields, parse_create};
pub(crate) use create_line::{LineFields, parse_create_line};
pub(crate) use exported_member::ExportedMember;
pub(crate) use group::GroupBody;
pub(crate) use invalid_request::{InvalidRequest, Malformed};
pub(crate) use join::{JoinFields, JoinRequest, parse_join};
pub(crate) use member::{AdministratorBody, GroupMemberBody, MemberBody, RoleName};
pub(crate) use membership::Membership;
pub(crate) use values::{admin_id, name, token};

use serde::Serializer;
use std::fmt::Display;

/// Serialises a value as the string that it displays as.
fn as_text<S: Serializer>(value: &dyn Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
