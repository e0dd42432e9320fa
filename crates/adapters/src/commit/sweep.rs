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
use std::cmp::Ordering;
use uuid::Uuid;

/// Sweeps the record of Idempotency-Keys.
pub struct IdempotencySweeper {
    queue: Submitter,
}

/// A place in the record of Idempotency-Keys.
#[derive(Debug, Clone)]
pub struct SweepPlace {
    caller: Uuid,
    key: String,
}

impl SweepPlace {
    /// The place before all keys.
    pub const START: Self = Self { caller: Uuid::nil(), key: String::new() };
}

impl IdempotencySweeper {
    /// The most keys that one step reads or deletes: few, as it shares its transaction with the creates that wait beside it.
    pub const STEP: u16 = 250;

    pub(crate) fn new(queue: Submitter) -> Self {
        Self { queue }
    }

    /// Deletes, among the keys that follow `place`, some that were recorded before `moment`. Returns the place to go on from;
    /// `None` at the end of the sweep.
    pub async fn sweep(
        &self,
        moment: Timestamp,
        place: SweepPlace,
    ) -> Result<Option<SweepPlace>, StorageError> {
        self.queue.submit(Sweep { before: moment, place }).await
    }
}

/// A step of a sweep.
pub(crate) struct Sweep {
    before: Timestamp,
    place: SweepPlace,
}

impl Write for Sweep {
    type Outcome = Option<SweepPlace>;
    type Answer = Option<SweepPlace>;
    type Error = StorageError;

    /// A page of SQLite holds some thirty keys.
    const PAGES: usize = IdempotencySweeper::STEP as usize / 30;

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
