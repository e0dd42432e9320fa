//! The names of headers that are not in `actix_web::http::header`.

use actix_web::http::header::HeaderName;

/// API key of the caller.
pub(super) const GOCHAT_TOKEN: HeaderName = HeaderName::from_static("gochat-token");

/// Key under which a create may be repeated.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Marks a reply that repeats the reply to an earlier request.
pub(super) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Id of the request, both ways.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Place of the request in a distributed trace (W3C Trace Context).
pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Headers that tracing libraries add to the requests of a page by themselves: W3C Trace Context, W3C Baggage, and Sentry's own.
pub(super) const TRACING: [HeaderName; 4] = [
    TRACEPARENT,
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("baggage"),
    HeaderName::from_static("sentry-trace"),
];
