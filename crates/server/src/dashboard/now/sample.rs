//! A point of the charts: what happened in an interval.

use super::{
    counts::{Counts, Requests},
    histogram::Histogram,
};
use crate::http::Code;
use gochat_domain::clock::Timestamp;
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// Requests of one kind in an interval.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Load {
    /// Requests per second.
    pub(super) rate: f64,
    /// Their latency.
    #[serde(flatten)]
    pub(super) latency: Latency,
}

/// Durations in milliseconds; empty if nothing happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(super) struct Latency {
    /// The median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) p50: Option<f64>,
    /// The 99th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) p99: Option<f64>,
}

/// The figures of an interval.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Sample {
    /// The end of the interval, in milliseconds since 1970.
    pub(super) at: i64,
    pub(super) creates: Load,
    pub(super) joins: Load,
    pub(super) reads: Load,
    /// Duration of transactions.
    pub(super) commits: Latency,
    /// Mean number of writes in a transaction; empty if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) batch: Option<f64>,
    /// Waiting writes at the end of the interval.
    pub(super) queue: f64,
    /// Maximum number of waiting writes.
    #[serde(skip)]
    pub(super) queue_capacity: f64,
    /// Open connections of clients at the end of the interval.
    pub(super) connections: f64,
    /// Number of refused requests, by code.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) refused: BTreeMap<Code, u64>,
}

/// All that was counted up to one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Total {
    pub(super) counts: Counts,
    pub(super) refused: BTreeMap<Code, u64>,
}

impl Total {
    /// Returns the figures of the interval that begins at `earlier`, ends at `at` and has lasted for `elapsed`.
    pub(super) fn since(&self, earlier: &Self, at: Timestamp, elapsed: Duration) -> Sample {
        let (counts, before) = (&self.counts, &earlier.counts);
        let load = |now: &Requests, before: &Requests| Load {
            rate: round((now.done - before.done) / elapsed.as_secs_f64().max(f64::MIN_POSITIVE), 10.0),
            latency: Latency::of(&now.durations.since(&before.durations)),
        };
        let refused = self.refused.iter().filter_map(|(&code, &count)| {
            let before = earlier.refused.get(&code).copied().unwrap_or_default();
            (count > before).then(|| (code, count - before))
        });
        Sample {
            at: at.unix_micros() / 1_000,
            creates: load(&counts.creates, &before.creates),
            joins: load(&counts.joins, &before.joins),
            reads: load(&counts.reads, &before.reads),
            commits: Latency::of(&counts.commits.since(&before.commits)),
            batch: counts.batches.since(&before.batches).mean().map(|writes| round(writes, 10.0)),
            queue: counts.queue_depth,
            queue_capacity: counts.queue_capacity,
            connections: counts.connections,
            refused: refused.collect(),
        }
    }
}

impl Latency {
    /// The quantiles of durations in seconds.
    fn of(seconds: &Histogram) -> Self {
        let millis = |quantile| seconds.quantile(quantile).map(|seconds| round(seconds * 1_000.0, 1_000.0));
        Self { p50: millis(0.5), p99: millis(0.99) }
    }
}

/// Rounds to a multiple of 1 / `parts`, so that the text of a number is short.
fn round(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}

#[cfg(test)]
mod tests {
    use super::{super::testing::Metrics, *};

    fn total(metrics: &Metrics, refused: &[(Code, u64)]) -> Total {
        Total { counts: Counts::read(&metrics.registry), refused: refused.iter().copied().collect() }
    }

    #[test]
    fn a_sample_has_only_what_happened_in_its_interval() {
        let metrics = Metrics::new();
        let record = |times: usize| {
            for _ in 0..times {
                metrics.record(["/v1/group", "POST", "201"], 0.005);
                metrics.record(["/v1/group/{id}", "GET", "200"], 0.0005);
                metrics.batches.observe(2.0);
                metrics.commits.observe(0.05);
            }
        };
        record(50);
        let earlier = total(&metrics, &[(Code::Unauthorized, 3), (Code::NotFound, 1)]);
        record(5);
        metrics.depth.set(9);
        let later = total(&metrics, &[(Code::Unauthorized, 5), (Code::NotFound, 1), (Code::Forbidden, 1)]);
        let at = Timestamp::from_unix_micros(1_700_000_000_123_456).unwrap();
        let sample = later.since(&earlier, at, Duration::from_secs(2));
        assert_eq!(
            serde_json::to_value(&sample).unwrap(),
            serde_json::json!({
                "at": 1_700_000_000_123_i64,
                "creates": {"rate": 2.5, "p50": 5.5, "p99": 9.91},
                "joins": {"rate": 0.0},
                "reads": {"rate": 2.5, "p50": 0.5, "p99": 0.99},
                "commits": {"p50": 55.0, "p99": 99.1},
                "batch": 2.0,
                "queue": 9.0,
                "connections": 0.0,
                "refused": {"forbidden": 1, "unauthorized": 2},
            })
        );
    }

    #[test]
    fn a_quiet_interval_has_no_latency() {
        let metrics = Metrics::new();
        metrics.record(["/v1/group", "POST", "201"], 0.005);
        let total = total(&metrics, &[(Code::Unauthorized, 3)]);
        let at = Timestamp::from_unix_micros(5_000).unwrap();
        let sample = total.since(&total, at, Duration::from_secs(1));
        assert_eq!(sample, Sample { at: 5, ..Sample::default() });
    }
}
