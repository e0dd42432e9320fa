//! Bodies of lines (NDJSON), each answered like the body of a single request: `application/x-ndjson`.
//!
//! ```text
//! body → LineReader → Operation::enqueue → answers in flight → a line of the reply for each
//! ```
//! The reply begins while the body is still being read. Each step waits for the next one: a client that does not read
//! its reply stops the answers, the full window of answers stops the reading, and the full queue of writes stops it
//! too.

mod counts;
mod in_flight;
mod reader;
mod reply;
mod streams;

pub(super) use counts::LineCounts;
pub(super) use reply::LinesBody;
pub use streams::Streams;

use super::{
    body::has_type,
    error::{ApiError, LineOutcome},
    routes::post,
};
use actix_web::{
    Route,
    guard::fn_guard,
    http::{StatusCode, header::HeaderMap},
    web::Bytes,
};
use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use std::rc::Rc;

/// Media type of a body of lines.
pub(crate) const NDJSON: &str = "application/x-ndjson";

/// An operation on each line.
pub(super) trait Operation: 'static {
    /// The answer to a line that succeeded.
    type Answer: 'static;

    /// Waits until the storage accepts the request of a line, and returns its pending answer. An invalid line has its
    /// answer at once.
    fn enqueue(self: &Rc<Self>, json: Bytes) -> impl Future<Output = PendingLine<Self::Answer>>;

    /// Returns the status of an answer.
    fn status(answer: &Self::Answer) -> StatusCode;

    /// Returns the line of the reply for an outcome, with the answer unless it is an error.
    fn line<'a>(outcome: LineOutcome<'a>, answer: Option<&'a Self::Answer>) -> impl Serialize;
}

/// The answer to a line, still to come.
pub(super) type PendingLine<T> = LocalBoxFuture<'static, Result<T, ApiError>>;

/// Returns true if the body has lines.
pub(super) fn has_lines(headers: &HeaderMap) -> bool {
    has_type(headers, NDJSON)
}

/// The route of a `POST` whose body has lines.
pub(super) fn route() -> Route {
    post().guard(fn_guard(|context| has_lines(context.head().headers())))
}
