//! The values of fields, as in JSON and in import files.

use super::InvalidRequest;
use gochat_domain::{
    group::{GroupId, GroupName, GroupToken, InvalidGroupName},
    user::UserId,
};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Parses the name of a new group; `None` means that the field is missing or not a string.
pub(crate) fn name(field: Option<Cow<'_, str>>) -> Result<GroupName, InvalidRequest> {
    name_by(field, GroupName::parse)
}

/// Parses a name that may be stored already. A stored name may break rules for new names.
pub(super) fn existing_name(field: Option<Cow<'_, str>>) -> Result<GroupName, InvalidRequest> {
    name_by(field, GroupName::parse_existing)
}

fn name_by<'a>(
    field: Option<Cow<'a, str>>,
    parse: fn(Cow<'a, str>) -> Result<GroupName, InvalidGroupName>,
) -> Result<GroupName, InvalidRequest> {
    let text = field.ok_or(InvalidRequest::Name("name must be a string".into()))?;
    parse(text).map_err(|error| InvalidRequest::Name(error.to_string().into()))
}

/// Parses the token; `None` means that the field is missing or not a string.
pub(crate) fn token(field: Option<Cow<'_, str>>) -> Result<GroupToken, InvalidRequest> {
    let text = field.ok_or(InvalidRequest::Token("token must be a string".into()))?;
    GroupToken::parse(text).map_err(|error| InvalidRequest::Token(error.to_string().into()))
}

/// Parses the administrator's id, given as digits.
pub(crate) fn admin_id(digits: &str) -> Result<UserId, InvalidRequest> {
    let error = "admin_id must be an integer from 1 to 9223372036854775807";
    UserId::parse(digits).map_err(|_| InvalidRequest::AdminId(error.into()))
}

/// Parses a group's id, given as digits.
pub(crate) fn group_id(digits: &str) -> Result<GroupId, InvalidRequest> {
    let error = "group_id must be an integer from 1 to 9223372036854775807";
    GroupId::parse(digits).map_err(|_| InvalidRequest::GroupId(error.into()))
}

/// Parses a user's id, given as digits.
pub(crate) fn user_id(digits: &str) -> Result<UserId, InvalidRequest> {
    let error = "user_id must be an integer from 1 to 9223372036854775807";
    UserId::parse(digits).map_err(|_| InvalidRequest::UserId(error.into()))
}

/// Returns the digits of a JSON integer or of a string. GoChat's public API documentation has an integer in its example,
/// and a string in its type column.
pub(super) fn digits(field: Option<&RawValue>) -> Cow<'_, str> {
    text(field).or_else(|| field.map(|raw| raw.get().into())).unwrap_or_default()
}

/// Returns the field's text if it is a string of Unicode scalar values. A lone surrogate like `\ud800` is not one (RFC
/// 8259, section 8.2).
pub(super) fn text(field: Option<&RawValue>) -> Option<Cow<'_, str>> {
    let raw = field?.get();
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(raw).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}
