//! PostgreSQL's advisory lock that each batch of new groups shares, from before it has ids until it is committed.
//!
//! Each batch in flight holds it shared. It is never taken exclusively, so it never blocks. The key is "groups" in ASCII.

use crate::Fault;
use diesel::{PgConnection, QueryResult, RunQueryDsl, dsl::sql, select, sql_types::Text};
use std::{
    thread,
    time::{Duration, Instant},
};

/// Taken by a batch.
pub(crate) const ACQUIRE_SHARED: &str = "pg_advisory_xact_lock_shared(113741193900147)";

/// The transactions that hold it. PostgreSQL shows the key in two halves.
const HOLDERS: &str = "virtualtransaction FROM pg_locks
     WHERE locktype = 'advisory' AND granted AND objsubid = 1
       AND ((classid::bigint << 32) | objid::bigint) = 113741193900147
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// Pause between two looks at the batches.
const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// Waits until the batches have ended that are under way now. New ones may begin meanwhile.
pub(crate) fn wait_for_batches(connection: &mut PgConnection, timeout: Duration) -> Result<(), Fault> {
    let deadline = Instant::now() + timeout;
    let mut pending = holders(connection)?;
    while !pending.is_empty() {
        if Instant::now() >= deadline {
            return Err(Fault::Unavailable("the groups before this page take too long to be stored".into()));
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
