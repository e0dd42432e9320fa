//! Deletes old Idempotency-Keys, step by step.

use crate::commit::{Submitter, Sweep, SweepCursor, sweep};
use gochat_domain::{clock::Timestamp, ports::StorageError};
use std::time::Duration;

/// Minimum interval between sweeps.
const MIN_INTERVAL: Duration = Duration::from_secs(60);

/// Number of sweeps within the retention time on SQLite, where each sweep scans the whole table.
const SQLITE_SWEEPS_PER_RETENTION: u32 = 24;

/// Deletes old Idempotency-Keys, step by step.
pub struct IdempotencySweeper {
    queue: Submitter,
    is_sqlite: bool,
    /// The end of the last successful step.
    cursor: SweepCursor,
}

impl IdempotencySweeper {
    /// Maximum number of keys that one step reads or deletes.
    pub const STEP: u16 = sweep::STEP;

    pub(crate) fn new(queue: Submitter, is_sqlite: bool) -> Self {
        Self { queue, is_sqlite, cursor: SweepCursor::START }
    }

    /// Interval between sweeps if keys are kept for `keep`.
    ///
    /// PostgreSQL finds old keys by an index, so a sweep reads only what it deletes.
    pub fn interval(&self, keep: Duration) -> Duration {
        if self.is_sqlite { MIN_INTERVAL.max(keep / SQLITE_SWEEPS_PER_RETENTION) } else { MIN_INTERVAL }
    }

    /// Deletes some of the keys recorded before `cutoff`. Returns true if the sweep has more steps. After the last
    /// step of a sweep, the next step begins a new sweep.
    ///
    /// # Errors
    /// A failed step can be retried: the sweep continues at the same position.
    pub async fn step(&mut self, cutoff: Timestamp) -> Result<bool, StorageError> {
        let next = self.queue.submit(Sweep { before: cutoff, cursor: self.cursor.clone() }).await?;
        let has_more = next.is_some();
        self.cursor = next.unwrap_or(SweepCursor::START);
        Ok(has_more)
    }
}
