//! The sweeper of old Idempotency-Keys, for the timer that calls it.

use crate::commit::{Submitter, Sweep, SweepCursor, sweep};
use gochat_domain::{clock::Timestamp, ports::StorageError};
use std::time::Duration;

/// Shortest time between two sweeps.
const MIN_INTERVAL: Duration = Duration::from_secs(60);

/// Sweeps of SQLite in the time for which a key is kept: each reads the whole record.
const SQLITE_SWEEPS_PER_RETENTION: u32 = 24;

/// Sweeps the record of Idempotency-Keys, a step at a time.
pub struct IdempotencySweeper {
    queue: Submitter,
    is_file: bool,
    /// The end of the last step. A step that failed moves nothing.
    cursor: SweepCursor,
}

impl IdempotencySweeper {
    /// The most keys that one step reads or deletes.
    pub const STEP: u16 = sweep::STEP;

    pub(crate) fn new(queue: Submitter, is_file: bool) -> Self {
        Self { queue, is_file, cursor: SweepCursor::START }
    }

    /// Time between two sweeps, where keys are kept for `keep`.
    ///
    /// PostgreSQL finds the oldest keys by an index, so a sweep costs as much as there is to delete.
    pub fn interval(&self, keep: Duration) -> Duration {
        if self.is_file { MIN_INTERVAL.max(keep / SQLITE_SWEEPS_PER_RETENTION) } else { MIN_INTERVAL }
    }

    /// Deletes some of the keys that were recorded before `moment`. Returns whether more may follow; if not, the sweep is
    /// complete, and the next step begins another one.
    ///
    /// # Errors
    /// A step that failed can be done again: the sweep goes on where it was.
    pub async fn step(&mut self, moment: Timestamp) -> Result<bool, StorageError> {
        let next = self.queue.submit(Sweep { before: moment, cursor: self.cursor.clone() }).await?;
        let has_more = next.is_some();
        self.cursor = next.unwrap_or(SweepCursor::START);
        Ok(has_more)
    }
}
