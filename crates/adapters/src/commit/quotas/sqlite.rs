//! SQLite: the open transaction is the only writer.

use crate::{Fault, prepared_statement::prepared_statement};
use diesel::{RunQueryDsl, SqliteConnection, sql_types::BigInt, sqlite::Sqlite};
use gochat_domain::user::UserId;
use std::collections::{BTreeSet, HashMap};

pub(super) fn count(connection: &mut SqliteConnection, limit: i64) -> Result<u64, Fault> {
    Ok(Count { limit }.get_result::<i64>(connection)?.unsigned_abs())
}

prepared_statement! {
    struct Count for SqliteConnection, Sqlite => BigInt;
    "SELECT count(*) FROM (SELECT 1 FROM groups LIMIT 0 + " [limit: i64 as BigInt] ")"
}

pub(super) fn count_of_each(
    connection: &mut SqliteConnection,
    administrators: &BTreeSet<UserId>,
    at_most: i64,
) -> Result<HashMap<UserId, u64>, Fault> {
    let count = |user: &UserId| {
        let groups = CountOf { administrator: user.get(), at_most }.get_result::<i64>(connection)?;
        Ok((*user, groups.unsigned_abs()))
    };
    administrators.iter().map(count).collect()
}

prepared_statement! {
    struct CountOf for SqliteConnection, Sqlite => BigInt;
    "SELECT count(*) FROM (SELECT 1 FROM groups WHERE admin_id = " [administrator: i64 as BigInt]
    " LIMIT 0 + " [at_most: i64 as BigInt] ")"
}
