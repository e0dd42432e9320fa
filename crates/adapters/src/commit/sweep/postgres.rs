//! PostgreSQL: deletes the oldest keys first, by the index on `created_at`. Skips rows that another transaction has
//! locked: they are in use, or being swept.

use super::{STEP, SweepCursor};
use crate::{
    Fault,
    commit::transaction::SHORT_LOCK_TIMEOUT,
    sql_types::{TimestampSql, TimestampValue},
};
use diesel::{PgConnection, RunQueryDsl, connection::SimpleConnection, sql_query, sql_types::BigInt};

/// The rows are locked before they are deleted, so each still has its `ctid`. If they were joined by their key,
/// PostgreSQL might read the whole table, because it does not know the limit when it plans.
const DELETE: &str = "DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM idempotency_keys WHERE created_at < $1
    ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))";

/// Deletes one step of keys.
pub(super) fn sweep(
    connection: &mut PgConnection,
    before: TimestampValue,
) -> Result<Option<SweepCursor>, Fault> {
    connection.batch_execute(SHORT_LOCK_TIMEOUT)?;
    let deleted = sql_query(DELETE)
        .bind::<TimestampSql, _>(before)
        .bind::<BigInt, _>(i64::from(STEP))
        .execute(connection)?;
    // The index finds the oldest remaining keys, so each step starts from the beginning.
    Ok((deleted > 0).then_some(SweepCursor::START))
}
