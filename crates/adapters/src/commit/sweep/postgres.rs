//! PostgreSQL: deletes the oldest keys first, by the index on `created_at`. Skips rows that another transaction has
//! locked: they are in use, or being swept.

use super::{STEP, SweepCursor};
use crate::{
    Fault,
    sql_types::{TimestampSql, TimestampValue},
};
use diesel::{PgConnection, RunQueryDsl, connection::SimpleConnection, sql_query, sql_types::BigInt};

/// Short, because creates wait in the same transaction while a sweep waits for a table lock.
const SET_LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = 50";

const DELETE: &str = "DELETE FROM idempotency_keys WHERE (caller, key) IN (
    SELECT caller, key FROM idempotency_keys WHERE created_at < $1
    ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// Deletes one step of keys.
pub(super) fn sweep(
    connection: &mut PgConnection,
    before: TimestampValue,
) -> Result<Option<SweepCursor>, Fault> {
    connection.batch_execute(SET_LOCK_TIMEOUT)?;
    let deleted = sql_query(DELETE)
        .bind::<TimestampSql, _>(before)
        .bind::<BigInt, _>(i64::from(STEP))
        .execute(connection)?;
    // The index finds the oldest remaining keys, so each step starts from the beginning.
    Ok((deleted > 0).then_some(SweepCursor::START))
}
