//! The PostgreSQL advisory lock of batches, by which readers see which batches are in flight. Each batch of new groups
//! holds it shared, from before ids are assigned until the commit, and a reader polls the list of its holders. The lock
//! is never taken exclusively, so it never blocks.
//!
//! The key is "groups" in ASCII.

use crate::Fault;
use diesel::{PgConnection, QueryResult, RunQueryDsl, dsl::sql, select, sql_types::Text};
use std::{
    thread,
    time::{Duration, Instant},
};

/// SQL expression by which a batch takes the lock.
pub(crate) const ACQUIRE_SHARED: &str = "pg_advisory_xact_lock_shared(113741193900147)";

/// The text after `SELECT` in the query for the transactions that hold the lock. PostgreSQL shows the key in two halves.
const HOLDERS: &str = "virtualtransaction FROM pg_locks
     WHERE locktype = 'advisory' AND granted AND objsubid = 1
       AND ((classid::bigint << 32) | objid::bigint) = 113741193900147
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// Interval between polls of the lock's holders.
const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// Waits until the batches in flight have ended. New ones may begin meanwhile.
pub(crate) fn wait_for_batches(connection: &mut PgConnection, timeout: Duration) -> Result<(), Fault> {
    let deadline = Instant::now() + timeout;
    let mut pending = holders(connection)?;
    while !pending.is_empty() {
        if Instant::now() >= deadline {
            return Err(Fault::Unavailable("a batch with smaller ids takes too long to commit".into()));
        }
        thread::sleep(POLL_INTERVAL);
        let holders = holders(connection)?;
        pending.retain(|batch| holders.contains(batch));
    }
    Ok(())
}

fn holders(connection: &mut PgConnection) -> QueryResult<Vec<String>> {
    select(sql::<Text>(HOLDERS)).load(connection)
}
