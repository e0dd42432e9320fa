//! The sweeper of old Idempotency-Keys, for the timer that calls it.

use crate::commit::{Submitter, Sweep, SweepPlace, sweep};
use gochat_domain::{clock::Timestamp, ports::StorageError};
use std::time::Duration;

/// Shortest time between two sweeps.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(60);

/// Sweeps of SQLite in the time for which a key is kept: each reads the whole record.
const SWEEPS_OF_SQLITE: u32 = 24;

/// Sweeps the record of Idempotency-Keys, a step at a time.
pub struct IdempotencySweeper {
    queue: Submitter,
    is_file: bool,
    /// The end of the last step. A step that failed moves nothing.
    place: SweepPlace,
}

impl IdempotencySweeper {
    /// The most keys that one step reads or deletes.
    pub const STEP: u16 = sweep::STEP;

    pub(crate) fn new(queue: Submitter, is_file: bool) -> Self {
        Self { queue, is_file, place: SweepPlace::START }
    }

    /// Time between two sweeps, where keys are kept for `keep`.
    ///
    /// PostgreSQL finds the oldest keys by an index, so a sweep costs as much as there is to delete.
    pub fn interval(&self, keep: Duration) -> Duration {
        if self.is_file { SHORTEST_INTERVAL.max(keep / SWEEPS_OF_SQLITE) } else { SHORTEST_INTERVAL }
    }

    /// Deletes some of the keys that were recorded before `moment`. Returns whether more may follow; if not, the sweep is
    /// complete, and the next step begins another one.
    ///
    /// # Errors
    /// A step that failed can be done again: the sweep goes on where it was.
    pub async fn step(&mut self, moment: Timestamp) -> Result<bool, StorageError> {
        let next = self.queue.submit(Sweep { before: moment, place: self.place.clone() }).await?;
        let may_follow = next.is_some();
        self.place = next.unwrap_or(SweepPlace::START);
        Ok(may_follow)
    }
}
