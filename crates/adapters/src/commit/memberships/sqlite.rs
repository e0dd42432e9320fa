//! SQLite: one statement for each membership.

mod counts;

use super::Key;
use crate::{
    Fault,
    prepared_statement::prepared_statement,
    schema::members,
    sql_types::{TimestampSql, TimestampValue},
};
use diesel::{OptionalExtension, QueryDsl, RunQueryDsl, SqliteConnection, sql_types::BigInt, sqlite::Sqlite};
use gochat_domain::{clock::Timestamp, group::GroupId, member::Member};
use std::collections::HashMap;

pub(super) fn load(
    connection: &mut SqliteConnection,
    keys: &[Key],
) -> Result<HashMap<Key, Timestamp>, Fault> {
    let mut found = HashMap::new();
    for key in keys {
        let row = members::table.find((key.0.get(), key.1.get())).select(members::joined_at);
        if let Some(TimestampValue(joined_at)) = row.get_result(connection).optional()? {
            found.insert(*key, joined_at);
        }
    }
    Ok(found)
}

/// Counts the members of each group: its memberships up to a limit, and its administrator if that user has none.
pub(super) fn count(
    connection: &mut SqliteConnection,
    groups: &[i64],
    limit: i64,
) -> Result<HashMap<GroupId, u64>, Fault> {
    let memberships = counts::count(connection, groups, limit)?;
    let count = |(id, memberships): (&i64, i64)| {
        let administrators = Administrators { group: *id, of_members: *id }.get_result::<i64>(connection)?;
        Ok((crate::rows::group_id(*id)?, memberships.unsigned_abs() + administrators.unsigned_abs()))
    };
    groups.iter().zip(memberships).map(count).collect()
}

prepared_statement! {
    /// Counts the administrator of a group if that user has no membership.
    struct Administrators for SqliteConnection, Sqlite => BigInt;
    "SELECT count(*) FROM groups WHERE id = " [group: i64 as BigInt]
    " AND NOT EXISTS (SELECT 1 FROM members WHERE group_id = " [of_members: i64 as BigInt] " AND user_id = groups.admin_id)"
}

pub(super) fn insert(connection: &mut SqliteConnection, members: &[Member]) -> Result<Vec<Key>, Fault> {
    let mut stored = Vec::new();
    for member in members {
        let insert = Insert {
            group: member.group_id.get(),
            user: member.user_id.get(),
            joined_at: TimestampValue(member.joined_at),
        };
        if insert.execute(connection)? > 0 {
            stored.push((member.group_id, member.user_id));
        }
    }
    Ok(stored)
}

prepared_statement! {
    struct Insert for SqliteConnection, Sqlite => ();
    "INSERT INTO members (group_id, user_id, joined_at) VALUES (" [group: i64 as BigInt]
    ", " [user: i64 as BigInt] ", " [joined_at: TimestampValue as TimestampSql] ") ON CONFLICT DO NOTHING"
}

pub(super) fn delete(connection: &mut SqliteConnection, keys: &[Key]) -> Result<(), Fault> {
    for (group, user) in keys {
        diesel::delete(members::table.find((group.get(), user.get()))).execute(connection)?;
    }
    Ok(())
}
