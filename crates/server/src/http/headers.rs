//! Names of headers that `actix_web::http::header` lacks.

use actix_web::http::header::HeaderName;

/// API key of the caller.
pub(super) const GOCHAT_TOKEN: HeaderName = HeaderName::from_static("gochat-token");

/// Key that makes the retry of a create idempotent.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Marks a reply that repeats an earlier one.
pub(super) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Id of the request, in requests and replies.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Position in a distributed trace (W3C Trace Context).
pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Headers that tracing libraries add to a page's requests: W3C Trace Context, W3C Baggage and Sentry's own.
pub(super) const TRACING: [HeaderName; 4] = [
    TRACEPARENT,
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("baggage"),
    HeaderName::from_static("sentry-trace"),
];
