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
const LEAST: Duration = Duration::from_secs(1);

/// The time from the close of the public listener to the end of the writers.
#[derive(Clone)]
pub(super) struct Budget {
    whole: Duration,
    closed_at: Arc<OnceLock<Instant>>,
}

impl Budget {
    pub(super) fn new(whole: Duration) -> Self {
        Self { whole, closed_at: Arc::default() }
    }

    /// Starts the clock.
    pub(super) fn start(&self) {
        self.closed_at.get_or_init(Instant::now);
    }

    /// What is left of the time, and never less than [`LEAST`].
    pub(super) fn left(&self) -> Duration {
        let spent = self.closed_at.get().map_or(Duration::ZERO, Instant::elapsed);
        self.whole.saturating_sub(spent).max(LEAST)
    }
}

/// Stores and answers what is queued, and waits for that no longer than `patience`.
pub(crate) fn close(queue: CommitQueue, patience: Duration) -> anyhow::Result<()> {
    let (close, closed) = mpsc::channel();
    thread::Builder::new().name("shutdown".into()).spawn(move || {
        queue.close();
        close.send(())
    })?;
    closed.recv_timeout(patience).context("the database does not answer; what waited may not be stored")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_requests_in_flight_took_is_not_there_for_the_writers() {
        let budget = Budget::new(Duration::from_secs(600));
        assert_eq!(budget.left(), Duration::from_secs(600));
        budget.start();
        let left = budget.left();
        assert!(left < Duration::from_secs(600));
        // A second start does not turn the clock back.
        budget.start();
        assert!(budget.left() <= left);
    }

    #[test]
    fn the_writers_have_a_second_whatever_was_spent() {
        let budget = Budget::new(Duration::ZERO);
        budget.start();
        assert_eq!(budget.left(), LEAST);
    }
}
