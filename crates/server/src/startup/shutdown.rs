//! The end of the writers, within a bound.

use anyhow::Context;
use gochat_adapters::CommitQueue;
use std::{
    sync::{Arc, OnceLock, mpsc},
    thread,
    time::{Duration, Instant},
};

/// What the writers get at least, so that a healthy database is not taken for one that does not answer when requests in
/// flight needed all the time.
const MIN_FOR_WRITERS: Duration = Duration::from_secs(1);

/// The time from the close of the public listener to the end of the writers.
#[derive(Clone)]
pub(super) struct ShutdownDeadline {
    timeout: Duration,
    started_at: Arc<OnceLock<Instant>>,
}

impl ShutdownDeadline {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { timeout, started_at: Arc::default() }
    }

    /// Starts the clock.
    pub(super) fn start(&self) {
        self.started_at.get_or_init(Instant::now);
    }

    /// What is remaining of the time, and never less than [`MIN_FOR_WRITERS`].
    pub(super) fn remaining(&self) -> Duration {
        let spent = self.started_at.get().map_or(Duration::ZERO, Instant::elapsed);
        self.timeout.saturating_sub(spent).max(MIN_FOR_WRITERS)
    }
}

/// Stores and answers what is queued, and waits for that no longer than `timeout`.
pub(crate) fn close(queue: CommitQueue, timeout: Duration) -> anyhow::Result<()> {
    let (close, closed) = mpsc::channel();
    thread::Builder::new().name("shutdown".into()).spawn(move || {
        queue.close();
        close.send(())
    })?;
    closed.recv_timeout(timeout).context("the database does not answer; what waited may not be stored")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_requests_in_flight_took_is_not_there_for_the_writers() {
        let deadline = ShutdownDeadline::new(Duration::from_secs(600));
        assert_eq!(deadline.remaining(), Duration::from_secs(600));
        deadline.start();
        let remaining = deadline.remaining();
        assert!(remaining < Duration::from_secs(600));
        // A second start does not turn the clock back.
        deadline.start();
        assert!(deadline.remaining() <= remaining);
    }

    #[test]
    fn the_writers_have_a_second_whatever_was_spent() {
        let deadline = ShutdownDeadline::new(Duration::ZERO);
        deadline.start();
        assert_eq!(deadline.remaining(), MIN_FOR_WRITERS);
    }
}
