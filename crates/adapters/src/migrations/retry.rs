//! Retries with backoff, within a time limit.

use std::{
    thread,
    time::{Duration, Instant},
};

/// The first delay; each further one is twice as long, up to [`MAX_DELAY`].
const FIRST_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(2);

/// The state of retries. `backon` limits only the delays; here the limit includes the attempts, which may wait for a
/// lock.
pub(super) struct Retry {
    deadline: Instant,
    delay: Duration,
}

impl Retry {
    /// Retries until `limit` has elapsed from now.
    pub(super) fn new(limit: Duration) -> Self {
        Self { deadline: Instant::now() + limit, delay: FIRST_DELAY }
    }

    /// Waits before the next attempt, or returns false at once if the limit has elapsed.
    pub(super) fn wait(&mut self) -> bool {
        if Instant::now() >= self.deadline {
            return false;
        }
        thread::sleep(self.delay);
        self.delay = (self.delay * 2).min(MAX_DELAY);
        true
    }
}
