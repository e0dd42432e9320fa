//! The error codes: one table with the status and field of each.

use actix_web::http::StatusCode;
use serde::Serialize;
use std::fmt;
use utoipa::ToSchema;

/// The kind of error, for programs. A code never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    AdministratorCannotLeave,
    BodyTooLarge,
    Forbidden,
    GroupFull,
    GroupNameTaken,
    GroupNotFound,
    HeaderTooLarge,
    IdempotencyKeyReused,
    Internal,
    InvalidAdminId,
    InvalidAfter,
    InvalidGroupId,
    InvalidId,
    InvalidIdempotencyKey,
    InvalidLimit,
    InvalidName,
    InvalidToken,
    InvalidUserId,
    InvalidUuid,
    MalformedHeader,
    MalformedJson,
    MalformedRequest,
    MemberNotFound,
    MethodNotAllowed,
    MisdirectedRequest,
    NotFound,
    NothingToChange,
    PreconditionFailed,
    RequestTimeout,
    TooManyGroups,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
    WrongGroupToken,
}

/// Shows the name that programs read.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// A row of the table.
pub(in crate::http) struct Row {
    /// HTTP status of the reply.
    pub(in crate::http) status: StatusCode,
    /// The field or parameter at fault, if any.
    pub(in crate::http) field: Option<&'static str>,
    /// Condition under which the error is sent.
    pub(in crate::http) when: &'static str,
}

impl Code {
    /// HTTP status of the reply.
    pub(crate) fn status(self) -> StatusCode {
        self.row().status
    }

    /// Returns the row of the code. docs/api.md has the table for people.
    #[expect(
        clippy::too_many_lines,
        reason = "the table is one match, so that a code without a row does not compile"
    )]
    pub(in crate::http) const fn row(self) -> Row {
        let (status, field, when) = match self {
            Self::MalformedJson => (
                StatusCode::BAD_REQUEST,
                None,
                "the body is cut short, nested too deeply, or has a key twice; or it is not UTF-8, not JSON, or not an object",
            ),
            Self::InvalidIdempotencyKey => (
                StatusCode::BAD_REQUEST,
                None,
                "`Idempotency-Key` is empty, longer than 255 characters, sent twice, or contains anything but visible ASCII; or it was sent with lines, each of which may have an `idempotency_key`",
            ),
            Self::MalformedHeader => (
                StatusCode::BAD_REQUEST,
                None,
                "`If-Match` or `If-None-Match` is neither `*` nor a list of entity tags",
            ),
            Self::MalformedRequest => (
                StatusCode::BAD_REQUEST,
                None,
                "the head of the request is malformed, or its target is longer than 65534 bytes",
            ),
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                None,
                "the key is missing, unknown, revoked, expired, or sent twice; the text is the same for all",
            ),
            Self::Forbidden => (StatusCode::FORBIDDEN, None, "the key lacks the scope"),
            Self::WrongGroupToken => {
                (StatusCode::FORBIDDEN, Some("token"), "the token is not the group's token")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, None, "there is nothing at this path"),
            Self::GroupNotFound => (StatusCode::NOT_FOUND, None, "there is no such group"),
            Self::MemberNotFound => (StatusCode::NOT_FOUND, None, "the user is not a member of the group"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, None, "the path does not support that method")
            }
            Self::RequestTimeout => (
                StatusCode::REQUEST_TIMEOUT,
                None,
                "the head or the body was not sent within the time limit (10 s by default)",
            ),
            Self::GroupNameTaken => (StatusCode::CONFLICT, Some("name"), "a group of that name exists"),
            Self::GroupFull => (StatusCode::CONFLICT, None, "the group has the maximum number of members"),
            Self::AdministratorCannotLeave => (
                StatusCode::CONFLICT,
                None,
                "the user administers the group: hand the group over, or delete it",
            ),
            Self::TooManyGroups => (
                StatusCode::CONFLICT,
                Some("admin_id"),
                "the administrator has the maximum number of groups; if the error has no `field`, the whole service has the maximum number",
            ),
            Self::PreconditionFailed => (
                StatusCode::PRECONDITION_FAILED,
                None,
                "`If-Match` names other versions than the group has; nothing was changed",
            ),
            Self::BodyTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                None,
                "the body has more than 16384 bytes, declared or received",
            ),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                None,
                "the content type is not `application/json`, nor `application/x-ndjson` where lines are accepted; or the body is encoded",
            ),
            Self::MisdirectedRequest => (
                StatusCode::MISDIRECTED_REQUEST,
                None,
                "the development key is on, and the request is for a host other than `localhost`, `127.0.0.1` or `[::1]`",
            ),
            Self::InvalidName => (StatusCode::UNPROCESSABLE_ENTITY, Some("name"), INVALID_FIELD),
            Self::InvalidToken => (StatusCode::UNPROCESSABLE_ENTITY, Some("token"), INVALID_FIELD),
            Self::InvalidAdminId => (StatusCode::UNPROCESSABLE_ENTITY, Some("admin_id"), INVALID_FIELD),
            Self::InvalidGroupId => (StatusCode::UNPROCESSABLE_ENTITY, Some("group_id"), INVALID_FIELD),
            Self::InvalidUserId => (StatusCode::UNPROCESSABLE_ENTITY, Some("user_id"), INVALID_FIELD),
            Self::InvalidLimit => (StatusCode::UNPROCESSABLE_ENTITY, Some("limit"), INVALID_PARAMETER),
            Self::InvalidAfter => (StatusCode::UNPROCESSABLE_ENTITY, Some("after"), INVALID_PARAMETER),
            Self::InvalidId => (StatusCode::UNPROCESSABLE_ENTITY, Some("id"), INVALID_PARAMETER),
            Self::InvalidUuid => (StatusCode::UNPROCESSABLE_ENTITY, Some("uuid"), INVALID_PARAMETER),
            Self::NothingToChange => (
                StatusCode::UNPROCESSABLE_ENTITY,
                None,
                "the body has none of `name`, `token` and `admin_id`",
            ),
            Self::IdempotencyKeyReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                None,
                "the `Idempotency-Key` was used for another name, token or administrator",
            ),
            Self::HeaderTooLarge => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                None,
                "the head of the request has more than 96 headers, or more than 128 KiB",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                None,
                "anything else; the log has the cause under the request id",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                None,
                "the database is unavailable, full, read-only or locked for too long, or the queue is full",
            ),
        };
        Row { status, field, when }
    }
}

const INVALID_FIELD: &str = "it is missing, of the wrong type, or breaks a rule";
const INVALID_PARAMETER: &str = "it is out of range, malformed, or missing where it is required";
