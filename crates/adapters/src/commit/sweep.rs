//! The sweep of old Idempotency-Keys.

use super::{
    batch::Batch,
    lane::Lane,
    queue::Submitter,
    write::{Sent, Write},
};
use crate::{
    Fault,
    connection::AnyConnection,
    sql_types::{Moment, MomentSql},
};
use diesel::{RunQueryDsl, connection::SimpleConnection, sql_query, sql_types::BigInt};
use gochat_domain::{clock::Timestamp, ports::StorageError};
use std::cmp::Ordering;

/// Sweeps the record of Idempotency-Keys.
pub struct IdempotencySweeper {
    queue: Submitter,
}

impl IdempotencySweeper {
    /// The most keys that one step deletes: few, as it shares its transaction with the creates that wait beside it.
    pub const STEP: u16 = 40;

    pub(crate) fn new(queue: Submitter) -> Self {
        Self { queue }
    }

    /// Deletes some of the keys that were recorded before `moment`, the oldest first. Returns how many it deleted; 0 where
    /// there are none.
    pub async fn sweep(&self, moment: Timestamp) -> Result<usize, StorageError> {
        self.queue.submit(Sweep { before: moment }).await
    }
}

/// A step of a sweep.
pub(crate) struct Sweep {
    before: Timestamp,
}

impl Write for Sweep {
    type Outcome = usize;
    type Answer = usize;
    type Error = StorageError;

    /// The keys lie all over the table.
    const PAGES: usize = IdempotencySweeper::STEP as usize;

    fn lane(batch: &mut Batch) -> &mut Lane<Self> {
        &mut batch.sweeps
    }

    fn lock_order(&self, other: &Self) -> Ordering {
        self.before.cmp(&other.before)
    }

    fn store(connection: &mut AnyConnection, sweeps: &[&Self], _: Sent) -> Result<Vec<usize>, Fault> {
        sweeps.iter().map(|sweep| delete(connection, Moment(sweep.before))).collect()
    }

    fn answer(self, deleted: usize) -> Result<usize, StorageError> {
        Ok(deleted)
    }
}

/// Creates wait for the transaction that a sweep shares with them, so it gives up soon where the table is locked.
const HARDLY_WAIT: &str = "SET LOCAL lock_timeout = 50";

/// On PostgreSQL passes over what another transaction has locked: it is in use, or being swept.
fn delete(connection: &mut AnyConnection, before: Moment) -> Result<usize, Fault> {
    let (lock, parameters) = match connection {
        AnyConnection::Sqlite(_) => ("", ["?", "?"]),
        AnyConnection::Postgres(_) => ("FOR UPDATE SKIP LOCKED", ["$1", "$2"]),
    };
    let [before_parameter, limit] = parameters;
    let delete = sql_query(format!(
        "DELETE FROM idempotency_keys WHERE (caller, key) IN (
             SELECT caller, key FROM idempotency_keys WHERE created_at < {before_parameter}
             ORDER BY created_at LIMIT {limit} {lock})"
    ));
    let step = i64::from(IdempotencySweeper::STEP);
    Ok(match connection {
        AnyConnection::Sqlite(connection) => {
            delete.bind::<MomentSql, _>(before).bind::<BigInt, _>(step).execute(connection)?
        }
        AnyConnection::Postgres(connection) => {
            connection.batch_execute(HARDLY_WAIT)?;
            delete.bind::<MomentSql, _>(before).bind::<BigInt, _>(step).execute(connection)?
        }
    })
}
