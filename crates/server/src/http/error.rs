//! Errors as a consumer sees them.

mod code;
mod misdirected;

pub(super) use code::Code;

use crate::wire::InvalidRequest;
use actix_web::{
    HttpResponse, ResponseError,
    body::BoxBody,
    http::{StatusCode, header},
};
use gochat_domain::{
    auth::Forbidden,
    group::{GroupId, InvalidIdempotencyKey},
    ports::{AuthenticateError, CreateGroupError, StorageError},
};
use serde::Serialize;
use std::{borrow::Cow, fmt};
use utoipa::ToSchema;

/// An error on its way to a consumer.
#[derive(Debug)]
pub(super) struct ApiError {
    code: Code,
    message: Cow<'static, str>,
    /// The group that has the name which was asked for.
    group_id: Option<GroupId>,
    /// What the reply carries for this error alone.
    pub(super) header: Option<(header::HeaderName, &'static str)>,
    /// For the log, never for the consumer.
    pub(super) cause: Option<anyhow::Error>,
}

impl ApiError {
    pub(super) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), group_id: None, header: None, cause: None }
    }

    pub(super) fn not_found() -> Self {
        Self::new(Code::NotFound, "there is nothing at this path")
    }

    pub(super) fn group_not_found() -> Self {
        Self::new(Code::GroupNotFound, "there is no such group")
    }

    /// The name is that of the group `group_id`, where this may be told.
    pub(super) fn group_name_taken(group_id: Option<GroupId>) -> Self {
        Self { group_id, ..Self::new(Code::GroupNameTaken, NAME_TAKEN) }
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

    pub(super) fn unsupported_media_type() -> Self {
        Self::new(Code::UnsupportedMediaType, "the content type must be application/json")
    }

    pub(super) fn request_timeout() -> Self {
        Self::new(Code::RequestTimeout, "the request was not sent within the time limit")
    }

    /// The methods that the path has are `allowed`.
    pub(super) fn method_not_allowed(allowed: &'static str) -> Self {
        let error = Self::new(Code::MethodNotAllowed, "this path does not have that method");
        Self { header: Some((header::ALLOW, allowed)), ..error }
    }

    /// One text for a key that is missing, unknown, expired or revoked: whoever tries keys learns nothing.
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

    /// The body of the reply as the API page shows it.
    pub(super) fn body(&self, request_id: &str) -> serde_json::Result<String> {
        serde_json::to_string(&self.as_body(request_id))
    }

    /// The reply: JSON as the API page shows it, or the same as RFC 9457 has it.
    pub(super) fn render(&self, request_id: &str, as_problem: bool) -> HttpResponse {
        let status = self.status_code();
        let mut response = HttpResponse::build(status);
        if let Some(header) = &self.header {
            response.insert_header(header.clone());
        }
        if matches!(self.code, Code::BodyTooLarge | Code::RequestTimeout) {
            // The rest of the request is not read, so the next one could not be told from it.
            response.force_close();
        }
        if as_problem {
            response.content_type(PROBLEM_JSON).json(self.as_problem(request_id))
        } else {
            response.json(self.as_body(request_id))
        }
    }

    pub(super) fn as_body<'a>(&'a self, request_id: &'a str) -> ErrorBody<'a> {
        ErrorBody {
            error: &self.message,
            code: self.code,
            field: self.code.row().field,
            group_id: self.group_id.map(GroupId::get),
            request_id,
        }
    }

    pub(super) fn as_problem<'a>(&'a self, request_id: &'a str) -> Problem<'a> {
        let status = self.status_code();
        Problem {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: &self.message,
            extensions: self.as_body(request_id),
        }
    }
}

/// The content type of an error by RFC 9457.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// The body of every error.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorBody<'a> {
    /// A sentence for people, which may change.
    error: &'a str,
    code: Code,
    /// The field or the parameter that is at fault, where one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    field: Option<&'a str>,
    /// With `group_name_taken`, the id of the group that has the name, for a key with the scope `groups:read`. It is left out
    /// where that group is gone by now, or could not be looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false, minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    group_id: Option<i64>,
    /// What the log has about it stands under this id.
    request_id: &'a str,
}

/// The body of every error that was asked for as `application/problem+json` (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(super) struct Problem<'a> {
    r#type: &'a str,
    title: &'a str,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    detail: &'a str,
    #[serde(flatten)]
    extensions: ErrorBody<'a>,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.row().status
    }

    /// Without a body: the envelope renders it, as it knows the request.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::new(self.status_code())
    }
}

impl From<Forbidden> for ApiError {
    fn from(error: Forbidden) -> Self {
        Self::new(Code::Forbidden, error.to_string())
    }
}

impl From<AuthenticateError> for ApiError {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::Unauthorized => Self::unauthorized(),
            AuthenticateError::Storage(error) => error.into(),
        }
    }
}

impl From<InvalidIdempotencyKey> for ApiError {
    fn from(_: InvalidIdempotencyKey) -> Self {
        Self::new(Code::InvalidIdempotencyKey, "Idempotency-Key must have 1 to 255 visible ASCII characters")
    }
}

impl From<InvalidRequest> for ApiError {
    fn from(error: InvalidRequest) -> Self {
        match error {
            InvalidRequest::Malformed(reason) => {
                Self::new(Code::MalformedJson, format!("the body must be one JSON object: {reason}"))
            }
            InvalidRequest::Name(reason) => Self::new(Code::InvalidName, reason),
            InvalidRequest::Token(reason) => Self::new(Code::InvalidToken, reason),
            InvalidRequest::AdminId(reason) => Self::new(Code::InvalidAdminId, reason),
        }
    }
}

/// The text of a name that is taken: the API page shows it.
const NAME_TAKEN: &str = "UNIQUE constraint failed: GROUPS.NAME";

impl From<CreateGroupError> for ApiError {
    fn from(error: CreateGroupError) -> Self {
        match error {
            CreateGroupError::NameTaken => Self::group_name_taken(None),
            CreateGroupError::IdempotencyKeyReused => {
                Self::new(Code::IdempotencyKeyReused, "the Idempotency-Key was used for another request")
            }
            CreateGroupError::Storage(error) => error.into(),
        }
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(cause) => Self::unavailable(cause),
            StorageError::Unknown(cause) => Self::internal(cause),
        }
    }
}
