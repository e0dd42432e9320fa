//! Sweeps: deletes of old Idempotency-Keys, in steps.

mod postgres;
mod sqlite;

use super::write::{Attempt, Write};
use crate::{Fault, connection::AnyConnection, sql_types::TimestampValue};
use gochat_domain::{clock::Timestamp, ports::StorageError};
use std::cmp::Ordering;
use uuid::Uuid;

/// Maximum number of keys that one step reads or deletes. Small, because the step shares its transaction with waiting
/// creates.
pub(crate) const STEP: u16 = 250;

/// A position in the order of Idempotency-Keys.
#[derive(Debug, Clone)]
pub(crate) struct SweepCursor {
    caller: Uuid,
    key: String,
}

impl SweepCursor {
    /// The position before all keys.
    pub(crate) const START: Self = Self { caller: Uuid::nil(), key: String::new() };
}

/// A step of a sweep.
pub(crate) struct Sweep {
    pub(crate) before: Timestamp,
    pub(crate) cursor: SweepCursor,
}

impl Write for Sweep {
    /// The position of the next step; `None` at the end of the sweep.
    type Outcome = Option<SweepCursor>;
    type Answer = Option<SweepCursor>;
    type Error = StorageError;

    fn lock_order(&self, other: &Self) -> Ordering {
        self.before.cmp(&other.before)
    }

    fn store(
        connection: &mut AnyConnection,
        sweeps: &[&Self],
        _: Attempt,
    ) -> Result<Vec<Self::Outcome>, Fault> {
        let step = |sweep: &&Self| {
            let before = TimestampValue(sweep.before);
            match connection {
                AnyConnection::Sqlite(connection) => sqlite::sweep(connection, before, &sweep.cursor),
                AnyConnection::Postgres(connection) => postgres::sweep(connection, before),
            }
        };
        sweeps.iter().map(step).collect()
    }

    /// A page of SQLite holds 12 to 30 keys.
    fn pages(_: &Self::Outcome) -> usize {
        (STEP as usize).div_ceil(12)
    }

    fn answer(self, next: Option<SweepCursor>) -> Result<Option<SweepCursor>, StorageError> {
        Ok(next)
    }
}
