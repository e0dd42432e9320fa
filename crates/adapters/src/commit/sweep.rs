//! The sweep of old Idempotency-Keys.

mod postgres;
mod sqlite;

use super::{
    batch::Batch,
    lane::Lane,
    queue::Submitter,
    write::{Sent, Write},
};
use crate::{Fault, connection::AnyConnection, sql_types::Moment};
use gochat_domain::{clock::Timestamp, ports::StorageError};
use std::{cmp::Ordering, time::Duration};
use uuid::Uuid;

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

/// A place in the record of Idempotency-Keys.
#[derive(Debug, Clone)]
pub(crate) struct SweepPlace {
    caller: Uuid,
    key: String,
}

impl SweepPlace {
    /// The place before all keys.
    const START: Self = Self { caller: Uuid::nil(), key: String::new() };
}

impl IdempotencySweeper {
    /// The most keys that one step reads or deletes: few, as it shares its transaction with the creates that wait beside it.
    pub const STEP: u16 = 250;

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

/// A step of a sweep.
pub(crate) struct Sweep {
    before: Timestamp,
    place: SweepPlace,
}

impl Write for Sweep {
    /// The place to go on from; `None` at the end of the sweep.
    type Outcome = Option<SweepPlace>;
    type Answer = Option<SweepPlace>;
    type Error = StorageError;

    /// A page of SQLite holds 12 to 30 keys.
    const PAGES: usize = (IdempotencySweeper::STEP as usize).div_ceil(12);

    fn lane(batch: &mut Batch) -> &mut Lane<Self> {
        &mut batch.sweeps
    }

    fn lock_order(&self, other: &Self) -> Ordering {
        self.before.cmp(&other.before)
    }

    fn store(connection: &mut AnyConnection, sweeps: &[&Self], _: Sent) -> Result<Vec<Self::Outcome>, Fault> {
        let step = |sweep: &&Self| {
            let before = Moment(sweep.before);
            match connection {
                AnyConnection::Sqlite(connection) => sqlite::sweep(connection, before, &sweep.place),
                AnyConnection::Postgres(connection) => postgres::sweep(connection, before),
            }
        };
        sweeps.iter().map(step).collect()
    }

    fn answer(self, next: Option<SweepPlace>) -> Result<Option<SweepPlace>, StorageError> {
        Ok(next)
    }
}
