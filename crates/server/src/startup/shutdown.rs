//! Shutdown of the writers, with a time limit.

use anyhow::Context;
use gochat_adapters::CommitQueue;
use std::{
    sync::{Arc, OnceLock, mpsc},
    thread,
    time::{Duration, Instant},
};

/// Minimum time for the writers. Without it, requests in flight could use up the whole timeout, and a healthy database
/// would look unresponsive.
const MIN_FOR_WRITERS: Duration = Duration::from_secs(1);

/// Deadline from closing the public listener to the end of the writers.
#[derive(Clone)]
pub(super) struct ShutdownDeadline {
    timeout: Duration,
    started_at: Arc<OnceLock<Instant>>,
}

impl ShutdownDeadline {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { timeout, started_at: Arc::default() }
    }

    /// Starts the clock. Further calls have no effect.
    pub(super) fn start(&self) {
        self.started_at.get_or_init(Instant::now);
    }

    /// Returns the remaining time, at least [`MIN_FOR_WRITERS`].
    pub(super) fn remaining(&self) -> Duration {
        let spent = self.started_at.get().map_or(Duration::ZERO, Instant::elapsed);
        self.timeout.saturating_sub(spent).max(MIN_FOR_WRITERS)
    }
}

/// Commits and answers the queued writes. Fails if that takes longer than `timeout`.
pub(crate) fn close(queue: CommitQueue, timeout: Duration) -> anyhow::Result<()> {
    let (close, closed) = mpsc::channel();
    thread::Builder::new().name("shutdown".into()).spawn(move || {
        queue.close();
        close.send(())
    })?;
    closed.recv_timeout(timeout).context("the database does not answer; queued writes may be lost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_used_by_requests_in_flight_reduces_the_time_for_the_writers() {
        let deadline = ShutdownDeadline::new(Duration::from_secs(600));
        assert_eq!(deadline.remaining(), Duration::from_secs(600));
        deadline.start();
        let remaining = deadline.remaining();
        assert!(remaining < Duration::from_secs(600));
        // A second start does not reset the clock.
        deadline.start();
        assert!(deadline.remaining() <= remaining);
    }

    #[test]
    fn the_writers_always_have_a_second() {
        let deadline = ShutdownDeadline::new(Duration::ZERO);
        deadline.start();
        assert_eq!(deadline.remaining(), MIN_FOR_WRITERS);
    }
}
