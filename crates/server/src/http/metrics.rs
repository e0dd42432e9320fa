//! Metrics of requests and connections. Labels have a small set of values.

use super::refusals::{Refusal, Refusals};
use actix_web::http::{Method, StatusCode};
use gochat_adapters::DURATION_BUCKETS;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry};
use std::time::Duration;

/// Route label of paths that the service does not have.
pub(super) const UNKNOWN: &str = "unknown";

/// Route and method label if no valid request head was received: it was malformed, too large or too slow, or there were
/// too many connections.
pub(super) const NONE: &str = "none";

/// Counters and timers of requests, and the last refused requests. Clones share them.
#[derive(Clone)]
pub struct HttpMetrics {
    requests: IntCounterVec,
    lines: IntCounterVec,
    streams: IntGauge,
    duration: HistogramVec,
    connections: IntGauge,
    max_connections: IntGauge,
    refusals: Option<Refusals>,
}

impl HttpMetrics {
    /// Creates the metrics, all zero.
    pub fn new() -> prometheus::Result<Self> {
        let labels = ["route", "method", "status"];
        let duration = HistogramOpts::new(
            "gochat_http_request_duration_seconds",
            "Duration of requests, from the head of the request to the head of the reply.",
        );
        Ok(Self {
            requests: IntCounterVec::new(
                Opts::new("gochat_http_requests_total", "Requests that were answered."),
                &labels,
            )?,
            lines: IntCounterVec::new(
                Opts::new(
                    "gochat_http_lines_total",
                    "Lines of NDJSON bodies that were answered, by the status of the line.",
                ),
                &["route", "status"],
            )?,
            streams: IntGauge::new("gochat_http_streams", "Open NDJSON bodies.")?,
            duration: HistogramVec::new(duration.buckets(DURATION_BUCKETS.to_vec()), &labels)?,
            connections: IntGauge::new("gochat_http_connections", "Open connections of clients.")?,
            max_connections: IntGauge::new(
                "gochat_http_connections_max",
                "Maximum number of connections of clients.",
            )?,
            refusals: None,
        })
    }

    /// Also records refused requests in `refusals`.
    #[must_use]
    pub(crate) fn with_refusals(self, refusals: Refusals) -> Self {
        Self { refusals: Some(refusals), ..self }
    }

    /// Registers the metrics.
    pub fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        registry.register(Box::new(self.requests.clone()))?;
        registry.register(Box::new(self.lines.clone()))?;
        registry.register(Box::new(self.streams.clone()))?;
        registry.register(Box::new(self.duration.clone()))?;
        registry.register(Box::new(self.connections.clone()))?;
        registry.register(Box::new(self.max_connections.clone()))
    }

    /// Records a request of a known route, or of [`UNKNOWN`].
    pub(super) fn record_request(&self, route: &str, method: &str, status: StatusCode, took: Duration) {
        let labels = [route, method, status.as_str()];
        self.requests.with_label_values(&labels).inc();
        self.duration.with_label_values(&labels).observe(took.as_secs_f64());
    }

    /// Counts an answered line of a body of lines.
    pub(super) fn record_line(&self, route: &str, status: StatusCode) {
        self.lines.with_label_values(&[route, status.as_str()]).inc();
    }

    /// Counts a body of lines until the returned value is dropped.
    pub(super) fn open_stream(&self) -> OpenCount {
        OpenCount::of(&self.streams)
    }

    /// Counts a connection until the returned value is dropped.
    pub(super) fn open_connection(&self) -> OpenCount {
        OpenCount::of(&self.connections)
    }

    /// Sets the connection limit.
    pub(super) fn set_max_connections(&self, connections: usize) {
        self.max_connections.set(connections.try_into().unwrap_or(i64::MAX));
    }

    /// Counts an error that the web server answered before a handler ran.
    pub(super) fn record_bare_error(&self, refusal: Refusal) {
        self.requests.with_label_values(&[NONE, NONE, refusal.status.as_str()]).inc();
        self.record_refusal(|| refusal);
    }

    /// Records a refused request, if refused requests are recorded.
    pub(super) fn record_refusal(&self, refusal: impl FnOnce() -> Refusal) {
        if let Some(refusals) = &self.refusals {
            refusals.record(refusal());
        }
    }
}

/// Counts something that is open until it is dropped.
pub(super) struct OpenCount(IntGauge);

impl OpenCount {
    fn of(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for OpenCount {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Returns the method if HTTP defines it, otherwise `other`, so that clients cannot create labels. Logs use it too.
pub(super) fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => "other",
    }
}
