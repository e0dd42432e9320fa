//! PostgreSQL: one statement for all memberships, with an array for each column.
//!
//! PostgreSQL may plan a statement while the table is empty, and keep the plan for some time; and it does not know how many
//! members the groups of the parameters have. So each statement is written so that any plan finds single rows by both
//! columns of an index, and ranges by the primary key: no `IN` or `EXISTS` with a subquery, no join with `unnest`, and no
//! `LIMIT` without an order that only the primary key has. `group_id = … ORDER BY user_id` is not such an order: the index by
//! user has it too.

use super::Key;
use crate::{
    Fault,
    prepared_statement::prepared_statement,
    rows::{group_id, user_id},
    sql_types::{TimestampSql, TimestampValue},
};
use diesel::{
    PgConnection, RunQueryDsl,
    pg::Pg,
    sql_types::{Array, BigInt, Nullable},
};
use gochat_domain::{clock::Timestamp, group::GroupId, member::Member};
use std::collections::HashMap;

pub(super) fn load(connection: &mut PgConnection, keys: &[Key]) -> Result<HashMap<Key, Timestamp>, Fault> {
    let (groups, users) = columns(keys);
    let rows: Vec<(i64, i64, Option<TimestampValue>)> = Load { groups, users }.load(connection)?;
    rows.into_iter()
        .filter_map(|(group, user, joined_at)| Some((group, user, joined_at?.0)))
        .map(|(group, user, joined_at)| Ok((key(group, user)?, joined_at)))
        .collect()
}

prepared_statement! {
    struct Load for PgConnection, Pg => (BigInt, BigInt, Nullable<TimestampSql>);
    "SELECT given.group_id, given.user_id, (
        SELECT joined_at FROM members
        WHERE members.group_id = given.group_id AND members.user_id = given.user_id)
     FROM unnest(" [groups: Vec<i64> as Array<BigInt>] ", " [users: Vec<i64> as Array<BigInt>]
    ") AS given (group_id, user_id)"
}

pub(super) fn count(
    connection: &mut PgConnection,
    groups: Vec<i64>,
    limit: i64,
) -> Result<HashMap<GroupId, u64>, Fault> {
    let rows: Vec<(i64, i64)> = Count { limit, groups }.load(connection)?;
    rows.into_iter().map(|(group, members)| Ok((group_id(group)?, members.unsigned_abs()))).collect()
}

prepared_statement! {
    /// Counts the members of each group up to a limit: its memberships, and its administrator if that user has none.
    struct Count for PgConnection, Pg => (BigInt, BigInt);
    "SELECT id, 1 - (SELECT count(*) FROM members WHERE group_id = id AND user_id = admin_id) + (
        SELECT count(*) FROM (SELECT 1 FROM members WHERE group_id BETWEEN id AND id
            ORDER BY group_id, user_id LIMIT " [limit: i64 as BigInt]
    ") AS memberships) FROM groups WHERE id = ANY(" [groups: Vec<i64> as Array<BigInt>] ")"
}

pub(super) fn insert(connection: &mut PgConnection, members: &[Member]) -> Result<Vec<Key>, Fault> {
    let keys: Vec<_> = members.iter().map(|member| (member.group_id, member.user_id)).collect();
    let (groups, users) = columns(&keys);
    let joined_at = members.iter().map(|member| TimestampValue(member.joined_at)).collect();
    let stored: Vec<(i64, i64)> = Insert { groups, users, joined_at }.load(connection)?;
    stored.into_iter().map(|(group, user)| key(group, user)).collect()
}

prepared_statement! {
    struct Insert for PgConnection, Pg => (BigInt, BigInt);
    "INSERT INTO members (group_id, user_id, joined_at) SELECT * FROM unnest(" [groups: Vec<i64> as Array<BigInt>]
    ", " [users: Vec<i64> as Array<BigInt>] ", " [joined_at: Vec<TimestampValue> as Array<TimestampSql>]
    ") ON CONFLICT DO NOTHING RETURNING group_id, user_id"
}

pub(super) fn delete(connection: &mut PgConnection, keys: &[Key]) -> Result<(), Fault> {
    let (groups, users) = columns(keys);
    Delete { groups, users }.execute(connection)?;
    Ok(())
}

prepared_statement! {
    /// The groups are locked, so each membership still has the `ctid` that was read.
    struct Delete for PgConnection, Pg => ();
    "DELETE FROM members WHERE ctid = ANY(ARRAY(SELECT (
        SELECT ctid FROM members AS stored
        WHERE stored.group_id = given.group_id AND stored.user_id = given.user_id)
     FROM unnest(" [groups: Vec<i64> as Array<BigInt>] ", " [users: Vec<i64> as Array<BigInt>]
    ") AS given (group_id, user_id)))"
}

fn columns(keys: &[Key]) -> (Vec<i64>, Vec<i64>) {
    keys.iter().map(|(group, user)| (group.get(), user.get())).unzip()
}

fn key(group: i64, user: i64) -> Result<Key, Fault> {
    Ok((group_id(group)?, user_id(user)?))
}
