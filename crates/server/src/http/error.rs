//! Errors as a consumer sees them: the one table from error to code, status and field.

use crate::wire::InvalidRequest;
use actix_web::{
    HttpResponse, ResponseError,
    body::BoxBody,
    http::{StatusCode, header},
};
use gochat_domain::{
    auth::Forbidden,
    ports::{AuthenticateError, CreateGroupError, KeyStoreError, ReadGroupError},
};
use serde::Serialize;
use std::{borrow::Cow, fmt};

/// What went wrong, for programs. A code never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    BodyTooLarge,
    Forbidden,
    GroupNameTaken,
    GroupNotFound,
    HeaderTooLarge,
    IdempotencyKeyReused,
    Internal,
    InvalidAdminId,
    InvalidAfter,
    InvalidId,
    InvalidIdempotencyKey,
    InvalidLimit,
    InvalidName,
    InvalidToken,
    InvalidUuid,
    MalformedJson,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    RequestTimeout,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
}

impl Code {
    /// The status, the code, and the field that is at fault, if one is.
    const fn row(self) -> (StatusCode, &'static str, Option<&'static str>) {
        match self {
            Self::MalformedJson => (StatusCode::BAD_REQUEST, "malformed_json", None),
            Self::MalformedRequest => (StatusCode::BAD_REQUEST, "malformed_request", None),
            Self::InvalidIdempotencyKey => (StatusCode::BAD_REQUEST, "invalid_idempotency_key", None),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", None),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", None),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", None),
            Self::GroupNotFound => (StatusCode::NOT_FOUND, "group_not_found", None),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", None),
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "request_timeout", None),
            Self::GroupNameTaken => (StatusCode::CONFLICT, "group_name_taken", Some("name")),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", None),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", None)
            }
            Self::InvalidName => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_name", Some("name")),
            Self::InvalidToken => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_token", Some("token")),
            Self::InvalidAdminId => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_admin_id", Some("admin_id")),
            Self::IdempotencyKeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", None),
            Self::InvalidLimit => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_limit", Some("limit")),
            Self::InvalidAfter => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_after", Some("after")),
            Self::InvalidId => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_id", Some("id")),
            Self::InvalidUuid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_uuid", Some("uuid")),
            Self::HeaderTooLarge => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "header_too_large", None),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", None),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", None),
        }
    }
}

/// An error on its way to a consumer.
#[derive(Debug)]
pub(super) struct ApiError {
    code: Code,
    message: Cow<'static, str>,
    header: Option<(header::HeaderName, &'static str)>,
    /// For the log, never for the consumer.
    pub(super) cause: Option<anyhow::Error>,
}

impl ApiError {
    pub(super) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), header: None, cause: None }
    }

    pub(super) fn not_found() -> Self {
        Self::new(Code::NotFound, "there is nothing at this path")
    }

    pub(super) fn group_not_found() -> Self {
        Self::new(Code::GroupNotFound, "there is no such group")
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
        let (_, code, field) = self.code.row();
        serde_json::to_string(&Body { error: &self.message, code, field, request_id })
    }

    /// The reply: JSON as the API page shows it, or the same as RFC 9457 has it.
    pub(super) fn render(&self, request_id: &str, as_problem: bool) -> HttpResponse {
        let (status, code, field) = self.code.row();
        let mut response = HttpResponse::build(status);
        if let Some(header) = &self.header {
            response.insert_header(header.clone());
        }
        if matches!(self.code, Code::BodyTooLarge | Code::RequestTimeout) {
            // The rest of the request is not read, so the next one could not be told from it.
            response.force_close();
        }
        let body = Body { error: &self.message, code, field, request_id };
        if !as_problem {
            return response.json(body);
        }
        let title = status.canonical_reason().unwrap_or_default();
        let problem = Problem {
            r#type: "about:blank",
            title,
            status: status.as_u16(),
            detail: &self.message,
            extensions: body,
        };
        response.content_type("application/problem+json").json(problem)
    }
}

/// The body of an error, as the API page shows it.
#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    request_id: &'a str,
}

/// The body of an error by RFC 9457, section 3.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(flatten)]
    extensions: Body<'a>,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.row().0
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
            AuthenticateError::Store(KeyStoreError::Unavailable(cause)) => Self::unavailable(cause),
            AuthenticateError::Store(KeyStoreError::Unknown(cause)) => Self::internal(cause),
        }
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

impl From<CreateGroupError> for ApiError {
    fn from(error: CreateGroupError) -> Self {
        match error {
            CreateGroupError::NameTaken => Self::new(Code::GroupNameTaken, error.to_string()),
            CreateGroupError::IdempotencyKeyReused => {
                Self::new(Code::IdempotencyKeyReused, error.to_string())
            }
            CreateGroupError::Unavailable(cause) => Self::unavailable(cause),
            CreateGroupError::Unknown(cause) => Self::internal(cause),
        }
    }
}

impl From<ReadGroupError> for ApiError {
    fn from(error: ReadGroupError) -> Self {
        match error {
            ReadGroupError::Unavailable(cause) => Self::unavailable(cause),
            ReadGroupError::Unknown(cause) => Self::internal(cause),
        }
    }
}
