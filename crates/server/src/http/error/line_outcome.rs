//! The outcome of a line, in a reply to a body of lines.

use super::Code;
use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// The outcome of a line. `error` and `code` are those of a single request; they are present if the line failed.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct LineOutcome<'a> {
    /// The number of the line in the request, from 1. Empty lines count.
    #[schema(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    pub(super) line: u64,
    /// The status that a single request would have.
    #[schema(minimum = 200, maximum = 599)]
    pub(super) status: u16,
    /// A sentence for people. It may change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub(super) error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Code, required = false)]
    pub(super) code: Option<Code>,
    /// The field that is invalid, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub(super) field: Option<&'a str>,
    /// As in `Error`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false, minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    pub(super) group_id: Option<i64>,
}

impl LineOutcome<'_> {
    /// The outcome of a line that succeeded.
    pub(in crate::http) fn success(line: u64, status: StatusCode) -> Self {
        Self { line, status: status.as_u16(), error: None, code: None, field: None, group_id: None }
    }
}
