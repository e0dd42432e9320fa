//! PostgreSQL: advisory locks keep other transactions from adding groups to a count. The lock for all groups comes
//! first, then those of the administrators in the order of their keys.
//!
//! A lock and its count are two statements, because the count must see what other transactions committed during the
//! wait for the lock.

use crate::{Fault, prepared_statement::prepared_statement, rows::user_id};
use diesel::{
    PgConnection, RunQueryDsl,
    connection::SimpleConnection,
    pg::Pg,
    sql_types::{Array, BigInt},
};
use gochat_domain::user::UserId;
use std::collections::{BTreeSet, HashMap};

/// The key is "limits" in ASCII.
const LOCK_ALL_GROUPS: &str = "SELECT pg_advisory_xact_lock(119200062993523)";

pub(super) fn lock_all(connection: &mut PgConnection) -> Result<(), Fault> {
    Ok(connection.batch_execute(LOCK_ALL_GROUPS)?)
}

pub(super) fn count(connection: &mut PgConnection, limit: i64) -> Result<u64, Fault> {
    Ok(Count { limit }.get_result::<i64>(connection)?.unsigned_abs())
}

prepared_statement! {
    /// The order makes PostgreSQL use the primary key, whose rows lie together. In the order of another index, each row
    /// would be on another page.
    struct Count for PgConnection, Pg => BigInt;
    "SELECT count(*) FROM (SELECT 1 FROM groups ORDER BY id LIMIT " [limit: i64 as BigInt] ") AS counted"
}

pub(super) fn count_of_each(
    connection: &mut PgConnection,
    administrators: &BTreeSet<UserId>,
    at_most: i64,
) -> Result<HashMap<UserId, u64>, Fault> {
    let administrators: Vec<_> = administrators.iter().map(|user| user.get()).collect();
    Lock { administrators: administrators.clone() }.execute(connection)?;
    let rows: Vec<(i64, i64)> = CountOfEach { at_most, administrators }.load(connection)?;
    rows.into_iter().map(|(user, groups)| Ok((user_id(user)?, groups.unsigned_abs()))).collect()
}

prepared_statement! {
    struct Lock for PgConnection, Pg => ();
    "SELECT pg_advisory_xact_lock(key) FROM (
        SELECT DISTINCT hashtextextended('administrator ' || id, 0) AS key
        FROM unnest(" [administrators: Vec<i64> as Array<BigInt>] ") AS id ORDER BY key) AS keys"
}

prepared_statement! {
    /// Only the index by administrator has this order. With `admin_id = administrator ORDER BY id`, PostgreSQL would read
    /// all groups by their ids if most of them are of one administrator.
    struct CountOfEach for PgConnection, Pg => (BigInt, BigInt);
    "SELECT administrator, (
        SELECT count(*) FROM (
            SELECT 1 FROM groups WHERE admin_id BETWEEN administrator AND administrator
            ORDER BY admin_id, id LIMIT " [at_most: i64 as BigInt]
    ") AS counted) FROM unnest(" [administrators: Vec<i64> as Array<BigInt>] ") AS administrator"
}
