//! The counts of the metrics since the start.

use super::histogram::Histogram;
use prometheus::{
    Registry,
    proto::{Metric, MetricFamily},
};

/// Requests of one kind that succeeded.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Requests {
    /// Their number. Each line of a body of lines (NDJSON) counts as a request, the body itself does not.
    pub(super) done: f64,
    /// Durations of the requests, in seconds. Lines have none.
    pub(super) durations: Histogram,
}

/// The values of the metrics at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Counts {
    /// Groups that were created.
    pub(super) creates: Requests,
    /// Users that became members.
    pub(super) joins: Requests,
    /// Reads of groups and members.
    pub(super) reads: Requests,
    /// Writes in each committed transaction.
    pub(super) batches: Histogram,
    /// Durations of transactions, in seconds.
    pub(super) commits: Histogram,
    /// Waiting writes now.
    pub(super) queue_depth: f64,
    /// Maximum number of waiting writes.
    pub(super) queue_capacity: f64,
    /// Open connections of clients now.
    pub(super) connections: f64,
}

impl Counts {
    /// Reads the values from a registry.
    pub(super) fn read(registry: &Registry) -> Self {
        let mut counts = Self::default();
        for family in registry.gather() {
            counts.take(&family);
        }
        counts
    }

    fn take(&mut self, family: &MetricFamily) {
        let metrics = family.get_metric();
        match family.name() {
            "gochat_http_requests_total" => {
                for metric in metrics {
                    self.add_done(metric, label(metric, "method"));
                }
            }
            "gochat_http_lines_total" => {
                for metric in metrics {
                    // Only operations of `POST` take lines.
                    self.add_done(metric, "POST");
                }
            }
            "gochat_http_request_duration_seconds" => {
                for metric in metrics {
                    if let Some(requests) = self.requests(metric, label(metric, "method")) {
                        requests.durations.add(metric.get_histogram());
                    }
                }
            }
            "gochat_group_batch_size" => {
                for metric in metrics {
                    self.batches.add(metric.get_histogram());
                }
            }
            "gochat_group_commit_duration_seconds" => {
                for metric in metrics {
                    self.commits.add(metric.get_histogram());
                }
            }
            "gochat_group_queue_depth" => self.queue_depth = gauge(metrics),
            "gochat_group_queue_capacity" => self.queue_capacity = gauge(metrics),
            "gochat_http_connections" => self.connections = gauge(metrics),
            _ => {}
        }
    }

    fn add_done(&mut self, metric: &Metric, method: &str) {
        if let Some(requests) = self.requests(metric, method) {
            requests.done += metric.get_counter().get_value();
        }
    }

    /// Returns the kind of the requests that a series counts; `None` if they failed, or are of no kind.
    fn requests(&mut self, metric: &Metric, method: &str) -> Option<&mut Requests> {
        match (method, label(metric, "route"), label(metric, "status")) {
            ("POST", "/v1/group", "201") => Some(&mut self.creates),
            ("POST", "/v1/member", "201") => Some(&mut self.joins),
            ("GET" | "HEAD", route, "200" | "304") if route.starts_with("/v1/") => Some(&mut self.reads),
            _ => None,
        }
    }
}

fn label<'a>(metric: &'a Metric, name: &str) -> &'a str {
    metric.get_label().iter().find(|label| label.name() == name).map_or("", |label| label.value())
}

fn gauge(metrics: &[Metric]) -> f64 {
    metrics.first().map_or(0.0, |metric| metric.get_gauge().get_value())
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "small whole numbers are exact")]
mod tests {
    use super::{super::testing::Metrics, *};

    #[test]
    fn nothing_is_counted_at_the_start() {
        assert_eq!(Counts::read(&Registry::new()), Counts::default());
    }

    #[test]
    fn requests_are_counted_by_kind_if_they_succeeded() {
        let metrics = Metrics::new();
        for (labels, times) in [
            (["/v1/group", "POST", "201"], 1),
            // A body of lines, whose lines are counted by themselves.
            (["/v1/group", "POST", "200"], 1),
            (["/v1/group", "POST", "409"], 1),
            (["/v1/member", "POST", "201"], 2),
            // The user was a member already.
            (["/v1/member", "POST", "200"], 1),
            (["/v1/group/{id}", "GET", "200"], 2),
            (["/v1/group", "HEAD", "200"], 1),
            (["/v1/group/{id}", "GET", "304"], 1),
            (["/v1/group/{id}", "GET", "404"], 1),
            (["/docs", "GET", "200"], 1),
            (["none", "none", "400"], 1),
        ] {
            (0..times).for_each(|_| metrics.record(labels, 0.005));
        }
        let counts = Counts::read(&metrics.registry);
        let all = [counts.creates, counts.joins, counts.reads];
        assert_eq!(all.each_ref().map(|requests| requests.done), [1.0, 2.0, 4.0]);
        assert_eq!(all.each_ref().map(|requests| requests.durations.count), [1, 2, 4]);
        assert_eq!(all[1].durations.mean(), Some(0.005));
    }

    #[test]
    fn lines_are_counted_as_single_requests_but_not_timed() {
        let metrics = Metrics::new();
        metrics.lines.with_label_values(&["/v1/group", "201"]).inc_by(5);
        metrics.lines.with_label_values(&["/v1/group", "409"]).inc_by(7);
        metrics.lines.with_label_values(&["/v1/member", "201"]).inc_by(3);
        let counts = Counts::read(&metrics.registry);
        assert_eq!((counts.creates.done, counts.joins.done), (5.0, 3.0));
        assert_eq!((counts.creates.durations.count, counts.joins.durations.count), (0, 0));
    }

    #[test]
    fn batches_commits_and_the_queue_are_read() {
        let metrics = Metrics::new();
        metrics.batches.observe(3.0);
        metrics.commits.observe(0.002);
        metrics.depth.set(7);
        let counts = Counts::read(&metrics.registry);
        assert_eq!((counts.batches.count, counts.batches.mean()), (1, Some(3.0)));
        assert_eq!((counts.commits.count, counts.commits.mean()), (1, Some(0.002)));
        assert_eq!((counts.queue_depth, counts.queue_capacity, counts.connections), (7.0, 0.0, 0.0));
    }
}
