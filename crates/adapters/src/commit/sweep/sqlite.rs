//! SQLite: in the order of the keys, as the table lies. A step deletes all that is old on a few pages; the oldest keys lie on
//! a page each, and each page that is written is written twice, to the log and by the checkpoint.

use super::{STEP, SweepCursor};
use crate::{
    Fault,
    schema::idempotency_keys,
    sql_types::{TimestampValue, UuidSql, UuidValue},
};
use diesel::{
    BoxableExpression, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SqliteConnection, Table,
    dsl::sql,
    sql_types::{Bool, Text},
    sqlite::Sqlite,
};

/// Passes over one step of keys, and deletes the old ones among them.
pub(super) fn sweep(
    connection: &mut SqliteConnection,
    before: TimestampValue,
    cursor: &SweepCursor,
) -> Result<Option<SweepCursor>, Fault> {
    let last = idempotency_keys::table
        .filter(keys(">", cursor))
        .order(idempotency_keys::table.primary_key())
        .offset(i64::from(STEP) - 1)
        .select(idempotency_keys::table.primary_key())
        .first::<(UuidValue, String)>(connection)
        .optional()?;
    let end = last.map(|(UuidValue(caller), key)| SweepCursor { caller, key });
    let old =
        idempotency_keys::table.filter(idempotency_keys::created_at.lt(before)).filter(keys(">", cursor));
    match &end {
        Some(end) => diesel::delete(old.filter(keys("<=", end))).execute(connection)?,
        None => diesel::delete(old).execute(connection)?,
    };
    Ok(end)
}

/// The keys on one side of `place`: compared as a pair, they are a range of the primary key.
fn keys<'a>(
    side: &str,
    cursor: &'a SweepCursor,
) -> Box<dyn BoxableExpression<idempotency_keys::table, Sqlite, SqlType = Bool> + 'a> {
    let pair = sql::<Bool>(&format!("(caller, key) {side} (")).bind::<UuidSql, _>(UuidValue(cursor.caller));
    Box::new(pair.sql(", ").bind::<Text, _>(&cursor.key).sql(")"))
}
