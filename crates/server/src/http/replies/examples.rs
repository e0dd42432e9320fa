//! Examples of each body, produced by the service's own code.

use super::Operation;
use crate::{
    hosts::Misdirected,
    http::error::{ApiError, Code},
    wire,
};
use anyhow::anyhow;
use gochat_domain::{
    auth::{Forbidden, GrantableScope, MembersJoinOrWrite},
    group::{GroupId, InvalidIdempotencyKey, PreconditionFailed},
    limits::{GroupFull, TooManyGroups},
    member::{RefusedJoin, RefusedLeave},
    page::PageSize,
    ports::{CreateGroupError, JoinError},
};
use serde_json::{Value, json};

/// Request id of all examples.
pub(in crate::http) const REQUEST_ID: &str = "01a2080f-202e-7588-992b-d47bd123a3b9";

/// `Link` to the next page of the example.
pub(in crate::http) const LINK: &str = r#"</v1/group?limit=1&after=1>; rel="next""#;

/// The request of GoChat's public API documentation.
pub(in crate::http) fn request() -> Value {
    json!({ "name": "group_1", "token": "298fbgv479bv", "admin_id": 1 })
}

/// A request that renames that group and hands it over.
pub(in crate::http) fn change() -> Value {
    json!({ "name": "group_2", "admin_id": 2 })
}

/// `ETag` of a group in its first version.
pub(in crate::http) const FIRST_ETAG: &str = r#""1""#;

/// `ETag` of a group that was changed once.
pub(in crate::http) const SECOND_ETAG: &str = r#""2""#;

/// The group after the change.
pub(in crate::http) fn changed_group() -> Value {
    let mut group = group();
    group["name"] = "group_2".into();
    group["admin_id"] = 2.into();
    group
}

/// The group that the request creates.
pub(in crate::http) fn group() -> Value {
    json!({
        "id": 1,
        "uuid": "01a2080f-2025-7d8e-878c-aeb74134f96f",
        "name": "group_1",
        "admin_id": 1,
        "token": "298fbgv479bv",
        "created_at": "2026-11-23T10:58:58.725046Z",
    })
}

/// The same request as a line of a body of lines, with an idempotency key.
pub(in crate::http) fn request_line() -> Value {
    let mut request = request();
    request["idempotency_key"] = "group_1".into();
    request
}

/// The line of the reply for the group that the request creates.
pub(in crate::http) fn group_line() -> Value {
    json!({ "line": 1, "status": 201, "group": group() })
}

/// The line of the reply for a name that is taken.
pub(in crate::http) fn failed_line() -> Value {
    json!(ApiError::group_name_taken(GroupId::new(1).ok()).as_outcome(2))
}

/// The line of the reply for the member that a request makes.
pub(in crate::http) fn member_line() -> Value {
    json!({ "line": 1, "status": 201, "member": member() })
}

/// The line of the reply for a wrong token.
pub(in crate::http) fn failed_member_line() -> Value {
    json!(ApiError::from(RefusedJoin::WrongToken).as_outcome(2))
}

/// A request to join that group.
pub(in crate::http) fn join() -> Value {
    json!({ "group_id": 1, "user_id": 10, "token": "298fbgv479bv" })
}

/// The member that the request makes.
pub(in crate::http) fn member() -> Value {
    json!({ "group_id": 1, "user_id": 10, "role": "member", "joined_at": "2026-11-25T03:33:50.363813Z" })
}

/// The administrator of the group, in a list of its members.
pub(in crate::http) fn administrator_in_list() -> Value {
    json!({ "id": 1, "role": "administrator", "joined_at": "2026-11-23T10:58:58.725046Z" })
}

/// Returns an error with this code, produced from an invalid request where possible.
pub(super) fn error(code: Code, operation: Operation) -> Option<ApiError> {
    let Operation { scopes, media_types, .. } = operation;
    let refused = |request: &[u8]| wire::parse_create(request).err().map(ApiError::from);
    let refused_join = |request: &[u8]| wire::parse_join(request).err().map(ApiError::from);
    let no_cause = || anyhow!("none");
    Some(match code {
        Code::AdministratorCannotLeave => RefusedLeave::Administrator.into(),
        Code::BodyTooLarge => ApiError::body_too_large(wire::MAX_BYTES),
        Code::Forbidden => Forbidden(scopes).into(),
        Code::GroupFull => GroupFull.into(),
        Code::GroupNameTaken => ApiError::group_name_taken(GroupId::new(1).ok()),
        // Only a request to join has the id of a group in its body.
        Code::GroupNotFound if scopes == MembersJoinOrWrite::ANY_OF => JoinError::GroupNotFound.into(),
        Code::GroupNotFound => ApiError::group_not_found(),
        Code::HeaderTooLarge => ApiError::header_too_large(),
        Code::IdempotencyKeyReused => CreateGroupError::IdempotencyKeyReused.into(),
        Code::Internal => ApiError::internal(no_cause()),
        Code::InvalidIdempotencyKey => InvalidIdempotencyKey.into(),
        Code::MalformedHeader => ApiError::malformed_entity_tags(),
        Code::MalformedRequest => ApiError::malformed_request(),
        Code::MemberNotFound => ApiError::member_not_found(),
        Code::MethodNotAllowed => ApiError::method_not_allowed("GET, HEAD, POST"),
        Code::MisdirectedRequest => Misdirected.into(),
        Code::PreconditionFailed => PreconditionFailed.into(),
        Code::NotFound => ApiError::not_found(),
        Code::TooManyGroups => TooManyGroups::OfAdministrator.into(),
        Code::RequestTimeout => ApiError::request_timeout(),
        Code::Unauthorized => ApiError::unauthorized(),
        Code::Unavailable => ApiError::unavailable(no_cause()),
        Code::WrongGroupToken => RefusedJoin::WrongToken.into(),
        Code::UnsupportedMediaType => ApiError::unsupported_media_type(media_types),
        Code::InvalidAdminId => return refused(br#"{"name":"group_1","token":"298fbgv479bv","admin_id":0}"#),
        Code::InvalidName => return refused(br#"{"name":" group_1"}"#),
        Code::InvalidToken => return refused(br#"{"name":"group_1","token":""}"#),
        Code::NothingToChange => return wire::parse_change(b"{}").err().map(ApiError::from),
        Code::InvalidGroupId => return refused_join(br#"{"group_id":0}"#),
        Code::InvalidUserId => return refused_join(br#"{"group_id":1,"user_id":0}"#),
        Code::MalformedJson => return refused(br#"{"name":"#),
        Code::InvalidAfter => ApiError::invalid_after(),
        Code::InvalidId => ApiError::invalid_id(),
        Code::InvalidLimit => return PageSize::parse("0").err().map(ApiError::from),
        Code::InvalidUuid => ApiError::invalid_uuid(),
    })
}
