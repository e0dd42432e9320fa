//! The body of an error: JSON as in GoChat's public API documentation, or a problem by RFC 9457.

use super::{ApiError, Code, LineOutcome};
use actix_web::{HttpResponse, ResponseError};
use gochat_domain::group::GroupId;
use serde::Serialize;
use utoipa::ToSchema;

/// Content type of a problem (RFC 9457).
pub(in crate::http) const PROBLEM_JSON: &str = "application/problem+json";

/// The body of every error.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(in crate::http) struct ErrorBody<'a> {
    /// A sentence for people. It may change.
    error: &'a str,
    code: Code,
    /// The field or parameter that is invalid, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    field: Option<&'a str>,
    /// With `group_name_taken`, the id of the group that has the name, if the key has the scope `groups:read`. Omitted
    /// if that group no longer exists or the lookup failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false, minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    group_id: Option<i64>,
    /// The id under which the log has details.
    request_id: &'a str,
}

/// The body of every error if `Accept` names `application/problem+json` (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Problem<'a> {
    r#type: &'a str,
    title: &'a str,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    detail: &'a str,
    #[serde(flatten)]
    extensions: ErrorBody<'a>,
}

impl ApiError {
    /// Returns the body as JSON, in the format of GoChat's public API documentation.
    pub(in crate::http) fn body(&self, request_id: &str) -> serde_json::Result<String> {
        serde_json::to_string(&self.as_body(request_id))
    }

    /// Builds the reply, as JSON or as a problem.
    pub(in crate::http) fn render(&self, request_id: &str, as_problem: bool) -> HttpResponse {
        let status = self.status_code();
        let mut response = HttpResponse::build(status);
        if let Some(header) = &self.header {
            response.insert_header(header.clone());
        }
        if matches!(self.code, Code::BodyTooLarge | Code::RequestTimeout) {
            // The rest of this request stays unread, so the server could not tell where the next request begins.
            response.force_close();
        }
        if as_problem {
            response.content_type(PROBLEM_JSON).json(self.as_problem(request_id))
        } else {
            response.json(self.as_body(request_id))
        }
    }

    pub(in crate::http) fn as_body<'a>(&'a self, request_id: &'a str) -> ErrorBody<'a> {
        ErrorBody {
            error: &self.message,
            code: self.code,
            field: self.field,
            group_id: self.group_id.map(GroupId::get),
            request_id,
        }
    }

    /// Returns the error as the outcome of a line, without the request id: the header `X-Request-Id` of the reply has it
    /// for all lines.
    pub(in crate::http) fn as_outcome(&self, line: u64) -> LineOutcome<'_> {
        LineOutcome {
            error: Some(&self.message),
            code: Some(self.code),
            field: self.field,
            group_id: self.group_id.map(GroupId::get),
            ..LineOutcome::success(line, self.status_code())
        }
    }

    pub(in crate::http) fn as_problem<'a>(&'a self, request_id: &'a str) -> Problem<'a> {
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
