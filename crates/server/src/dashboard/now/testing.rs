//! Metrics for unit tests.

use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry};

/// Metrics like those of the service, in a registry of their own.
pub(super) struct Metrics {
    pub(super) registry: Registry,
    pub(super) requests: IntCounterVec,
    pub(super) durations: HistogramVec,
    pub(super) lines: IntCounterVec,
    pub(super) batches: Histogram,
    pub(super) commits: Histogram,
    pub(super) depth: IntGauge,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let labels = ["route", "method", "status"];
        let options =
            |name: &str, buckets: &[f64]| HistogramOpts::new(name, "help").buckets(buckets.to_vec());
        let (seconds, sizes) = (&[0.001, 0.01, 0.1], &[1.0, 2.0, 4.0]);
        let durations = HistogramVec::new(options("gochat_http_request_duration_seconds", seconds), &labels);
        let lines = IntCounterVec::new(Opts::new("gochat_http_lines_total", "help"), &["route", "status"]);
        let metrics = Self {
            registry: Registry::new(),
            requests: IntCounterVec::new(Opts::new("gochat_http_requests_total", "help"), &labels).unwrap(),
            durations: durations.unwrap(),
            lines: lines.unwrap(),
            batches: Histogram::with_opts(options("gochat_group_batch_size", sizes)).unwrap(),
            commits: Histogram::with_opts(options("gochat_group_commit_duration_seconds", seconds)).unwrap(),
            depth: IntGauge::new("gochat_group_queue_depth", "help").unwrap(),
        };
        let registry = &metrics.registry;
        registry.register(Box::new(metrics.requests.clone())).unwrap();
        registry.register(Box::new(metrics.durations.clone())).unwrap();
        registry.register(Box::new(metrics.lines.clone())).unwrap();
        registry.register(Box::new(metrics.batches.clone())).unwrap();
        registry.register(Box::new(metrics.commits.clone())).unwrap();
        registry.register(Box::new(metrics.depth.clone())).unwrap();
        metrics
    }

    /// Counts a request that took this many seconds.
    pub(super) fn record(&self, labels: [&str; 3], seconds: f64) {
        self.requests.with_label_values(&labels).inc();
        self.durations.with_label_values(&labels).observe(seconds);
    }
}
