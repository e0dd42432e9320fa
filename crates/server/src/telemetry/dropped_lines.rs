//! Metric of dropped log lines.

use prometheus::{
    IntCounter, Registry,
    core::{Collector, Desc},
    proto::MetricFamily,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tracing_appender::non_blocking::ErrorCounter;

/// A counter of dropped log lines. Clones share it.
#[derive(Clone, Default)]
pub struct DroppedLines {
    failed: Arc<AtomicU64>,
    overflowed: Option<ErrorCounter>,
}

impl DroppedLines {
    /// Adds the lines that a full queue rejected.
    pub(super) fn with_overflow_counter(self, queue: ErrorCounter) -> Self {
        Self { overflowed: Some(queue), ..self }
    }

    /// Counts lines that could not be written.
    pub(super) fn add(&self, lines: u64) {
        self.failed.fetch_add(lines, Ordering::Relaxed);
    }

    /// Returns the total.
    pub(super) fn count(&self) -> u64 {
        let overflowed = self.overflowed.as_ref().map_or(0, ErrorCounter::dropped_lines);
        self.failed.load(Ordering::Relaxed) + overflowed as u64
    }

    /// Registers the counter as a metric.
    pub(crate) fn register(self, registry: &Registry) -> prometheus::Result<()> {
        registry.register(Box::new(Metric { counter: counter()?, dropped: self }))
    }
}

fn counter() -> prometheus::Result<IntCounter> {
    IntCounter::new(
        "gochat_log_lines_dropped_total",
        "Log lines that were dropped because the reader of standard error was too slow or gone.",
    )
}

/// The counter as a metric. The count is kept in [`DroppedLines`], so each collection builds a fresh counter.
struct Metric {
    /// Only describes the metric, and stays zero.
    counter: IntCounter,
    dropped: DroppedLines,
}

impl Collector for Metric {
    fn desc(&self) -> Vec<&Desc> {
        self.counter.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Ok(counter) = counter() else { return Vec::new() };
        counter.inc_by(self.dropped.count());
        counter.collect()
    }
}
