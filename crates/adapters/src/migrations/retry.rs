//! Repeated tries, within a limit.

use std::{
    thread,
    time::{Duration, Instant},
};

/// The pause after the first try; each one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Tries that have not succeeded yet. A library such as `backon` limits the pauses; here the limit is on the time of the tries
/// too, as each may wait for a lock.
pub(super) struct Retry {
    deadline: Instant,
    pause: Duration,
}

impl Retry {
    /// Tries for as long as `limit`, from now on.
    pub(super) fn new(limit: Duration) -> Self {
        Self { deadline: Instant::now() + limit, pause: FIRST_PAUSE }
    }

    /// Waits before the next try, or says at once that there is none.
    pub(super) fn wait(&mut self) -> bool {
        if Instant::now() >= self.deadline {
            return false;
        }
        thread::sleep(self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}
