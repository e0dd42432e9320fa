//! Retries with backoff, within a time limit.

use std::{
    thread,
    time::{Duration, Instant},
};

/// The first delay; each further one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The state of retries. `backon` limits only the delays; here the limit includes the attempts, which may wait for a
/// lock.
pub(super) struct Retry {
    deadline: Instant,
    pause: Duration,
}

impl Retry {
    /// Retries until `limit` has elapsed from now.
    pub(super) fn new(limit: Duration) -> Self {
        Self { deadline: Instant::now() + limit, pause: FIRST_PAUSE }
    }

    /// Waits before the next attempt, or returns false at once if the time is over.
    pub(super) fn wait(&mut self) -> bool {
        if Instant::now() >= self.deadline {
            return false;
        }
        thread::sleep(self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}
