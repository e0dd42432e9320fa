//! Errors as sent to clients.

mod body;
mod code;
mod line_outcome;
mod sources;

pub(super) use body::{ErrorBody, PROBLEM_JSON, Problem};
pub(crate) use code::Code;
pub(super) use line_outcome::LineOutcome;

use actix_web::{
    HttpResponse, ResponseError,
    body::BoxBody,
    http::{StatusCode, header},
};
use gochat_domain::{group::GroupId, member::RefusedLeave, ports::AuthenticateError};
use std::{borrow::Cow, fmt};

/// Text for a name that is taken, as in GoChat's public API documentation.
const NAME_TAKEN: &str = "UNIQUE constraint failed: GROUPS.NAME";

/// An error to send to a client.
#[derive(Debug)]
pub(super) struct ApiError {
    code: Code,
    message: Cow<'static, str>,
    /// The field or parameter at fault, if any.
    field: Option<&'static str>,
    /// The group that already has the requested name.
    group_id: Option<GroupId>,
    /// A header that only this error adds.
    pub(super) header: Option<(header::HeaderName, &'static str)>,
    /// Cause for the log, never sent to the client.
    pub(super) cause: Option<anyhow::Error>,
}

impl ApiError {
    /// The code.
    pub(super) fn code(&self) -> Code {
        self.code
    }

    pub(super) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            field: code.row().field,
            group_id: None,
            header: None,
            cause: None,
        }
    }

    pub(super) fn not_found() -> Self {
        Self::new(Code::NotFound, "there is nothing at this path")
    }

    pub(super) fn group_not_found() -> Self {
        Self::new(Code::GroupNotFound, "there is no such group")
    }

    /// A path that names no member.
    pub(super) fn member_not_found() -> Self {
        Self::new(Code::MemberNotFound, RefusedLeave::NotMember.to_string())
    }

    /// Reports that a name is taken. `group_id` is the group that has it, if the caller may know it.
    pub(super) fn group_name_taken(group_id: Option<GroupId>) -> Self {
        Self { group_id, ..Self::new(Code::GroupNameTaken, NAME_TAKEN) }
    }

    pub(super) fn invalid_after() -> Self {
        Self::new(Code::InvalidAfter, "after must be an integer from 1 to 9223372036854775807")
    }

    pub(super) fn invalid_id() -> Self {
        Self::new(Code::InvalidId, "id must be an integer from 1 to 9223372036854775807")
    }

    pub(super) fn invalid_uuid() -> Self {
        Self::new(Code::InvalidUuid, "uuid must be a UUID, with its hyphens")
    }

    /// Rejects a lookup that has neither an id nor a UUID nor a name.
    pub(super) fn lookup_without_a_key() -> Self {
        Self::new(Code::InvalidId, "one of id, uuid and name must be given")
    }

    /// Rejects a query for a user without the parameter `id`.
    pub(super) fn user_without_id() -> Self {
        Self::new(Code::InvalidId, "id must be given")
    }

    /// Rejects a query for a user by UUID or name, which only the identity service knows.
    pub(super) fn user_by_uuid_or_name() -> Self {
        let message = "id must be given; only the identity service finds users by uuid or name";
        Self::new(Code::InvalidId, message)
    }

    /// Rejects a request to join without the group's token.
    pub(super) fn join_without_token() -> Self {
        let message = "token must be given; only a key with the scope members:write may leave it out";
        Self::new(Code::InvalidToken, message)
    }

    pub(super) fn name_is_not_utf8() -> Self {
        Self::new(Code::InvalidName, "name must be UTF-8")
    }

    pub(super) fn malformed_entity_tags() -> Self {
        let message = "If-Match and If-None-Match must each be * or a list of entity tags";
        Self::new(Code::MalformedHeader, message)
    }

    pub(super) fn malformed_request() -> Self {
        Self::new(Code::MalformedRequest, "the head of the request is malformed, or its target is too long")
    }

    pub(super) fn header_too_large() -> Self {
        Self::new(Code::HeaderTooLarge, "the head of the request is too large")
    }

    pub(super) fn body_too_large(max_bytes: usize) -> Self {
        Self::new(Code::BodyTooLarge, format!("the body must have at most {max_bytes} bytes"))
    }

    /// Rejects a chunked body of lines, whose data may have any length.
    pub(super) fn too_much_framing() -> Self {
        Self::new(Code::BodyTooLarge, "the chunks of the body have too many bytes beside their data")
    }

    /// Rejects a content type that is none of the `accepted` ones.
    pub(super) fn unsupported_media_type(accepted: &str) -> Self {
        Self::new(Code::UnsupportedMediaType, format!("the content type must be {accepted}"))
    }

    /// Rejects `Idempotency-Key` on a body of lines, where each line may have a key of its own.
    pub(super) fn idempotency_key_of_many() -> Self {
        let message = "Idempotency-Key must not be sent with lines; each line may have an idempotency_key";
        Self::new(Code::InvalidIdempotencyKey, message)
    }

    /// Reports that a body ended before its length, or that its chunks are malformed.
    pub(super) fn body_cut_short() -> Self {
        Self::new(Code::MalformedJson, "the body was cut short")
    }

    pub(super) fn request_timeout() -> Self {
        Self::new(Code::RequestTimeout, "the request was not sent within the time limit")
    }

    /// Rejects a method; the path supports those in `allowed`.
    pub(super) fn method_not_allowed(allowed: &'static str) -> Self {
        let error = Self::new(Code::MethodNotAllowed, "this path does not support that method");
        Self { header: Some((header::ALLOW, allowed)), ..error }
    }

    /// Uses one text for missing, unknown, expired and revoked keys, so that guessing keys reveals nothing.
    pub(super) fn unauthorized() -> Self {
        let error = Self::new(Code::Unauthorized, AuthenticateError::Unauthorized.to_string());
        Self { header: Some((header::WWW_AUTHENTICATE, r#"GoChat-Token realm="gochat""#)), ..error }
    }

    pub(super) fn unavailable(cause: anyhow::Error) -> Self {
        let error = Self::new(Code::Unavailable, "the service cannot serve this now; try again");
        Self { header: Some((header::RETRY_AFTER, "1")), cause: Some(cause), ..error }
    }

    pub(super) fn internal(cause: anyhow::Error) -> Self {
        let error =
            Self::new(Code::Internal, "the service failed; the log has the cause under the request_id");
        Self { cause: Some(cause), ..error }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    /// Empty: the envelope renders the body, because it knows the request.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::new(self.status_code())
    }
}
