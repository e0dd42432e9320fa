//! Counts the lines of a stream, for the metrics and the log.

use crate::http::metrics::HttpMetrics;
use actix_web::http::StatusCode;
use std::cell::Cell;

/// The reason why a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum End {
    /// The connection was closed before the reply was complete.
    Abandoned,
    /// The body was cut short, or its chunks are malformed.
    CutShort,
    /// The key was revoked or has expired.
    KeyRefused,
    /// Every line was answered.
    Complete,
    /// The client sent no line within the time limit.
    Stalled,
    /// The server stops.
    Stopping,
    /// The body is chunked, and has too many bytes beside its data.
    TooLarge,
}

impl End {
    pub(in crate::http) fn as_str(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::CutShort => "cut_short",
            Self::KeyRefused => "key_refused",
            Self::Complete => "complete",
            Self::Stalled => "stalled",
            Self::Stopping => "stopping",
            Self::TooLarge => "too_large",
        }
    }
}

/// The counts of one stream.
pub(in crate::http) struct LineCounts {
    route: String,
    metrics: HttpMetrics,
    answered: Cell<u64>,
    failed: Cell<u64>,
    /// The reason for the end of reading: [`End::Complete`] unless [`Self::stop_reading`] records another.
    read_until: Cell<End>,
    is_complete: Cell<bool>,
}

impl LineCounts {
    pub(super) fn new(route: String, metrics: HttpMetrics) -> Self {
        Self {
            route,
            metrics,
            answered: Cell::new(0),
            failed: Cell::new(0),
            read_until: Cell::new(End::Complete),
            is_complete: Cell::new(false),
        }
    }

    /// Counts an answered line.
    pub(super) fn answered(&self, status: StatusCode) {
        self.answered.set(self.answered.get() + 1);
        if !status.is_success() {
            self.failed.set(self.failed.get() + 1);
        }
        self.metrics.record_line(&self.route, status);
    }

    /// Records why no further line is read.
    pub(super) fn stop_reading(&self, end: End) {
        self.read_until.set(end);
    }

    /// Returns true if reading stopped before the end of the body.
    pub(super) fn has_unread_lines(&self) -> bool {
        self.read_until.get() != End::Complete
    }

    /// Records that the reply has its last line.
    pub(super) fn complete(&self) {
        self.is_complete.set(true);
    }

    /// Number of answered lines.
    pub(in crate::http) fn lines(&self) -> u64 {
        self.answered.get()
    }

    /// Number of answered lines that failed.
    pub(in crate::http) fn failed(&self) -> u64 {
        self.failed.get()
    }

    /// The reason why the stream ended.
    pub(in crate::http) fn end(&self) -> End {
        if self.is_complete.get() { self.read_until.get() } else { End::Abandoned }
    }
}
