//! SQLite: scans in primary key order, in which the table is stored, so the keys that a step deletes share a few pages.
//! If it deleted the oldest keys first, nearly every one would be on a different page, and SQLite writes each changed
//! page twice: to the WAL, and at the checkpoint.

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

/// Scans one step of keys, and deletes the old ones.
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

/// Compares the primary key with `cursor`. The columns are compared as a pair, so SQLite scans a range of the index.
fn keys<'a>(
    operator: &str,
    cursor: &'a SweepCursor,
) -> Box<dyn BoxableExpression<idempotency_keys::table, Sqlite, SqlType = Bool> + 'a> {
    let pair =
        sql::<Bool>(&format!("(caller, key) {operator} (")).bind::<UuidSql, _>(UuidValue(cursor.caller));
    Box::new(pair.sql(", ").bind::<Text, _>(&cursor.key).sql(")"))
}
