//! SQLite: one insert for each group.

use crate::{
    Fault,
    prepared_statement::prepared_statement,
    rows::group_id,
    sql_types::{TimestampSql, TimestampValue, UuidSql, UuidValue},
};
use diesel::{
    RunQueryDsl, SqliteConnection,
    sql_types::{BigInt, Text, Untyped},
    sqlite::Sqlite,
};
use gochat_domain::group::{GroupId, NewGroup};

prepared_statement! {
    /// The id that `AUTOINCREMENT` would choose for the next group. SQLite has one writer at a time, so the transaction
    /// may assign the ids that follow too.
    struct NextId for SqliteConnection, Sqlite => BigInt;
    "SELECT 1 + max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'groups'), 0),
                    coalesce((SELECT max(id) FROM groups), 0))"
}

/// Stores `groups` in the open transaction.
///
/// Each insert contains its id, so that it needs no `RETURNING`. For `RETURNING`, SQLite creates and drops a temporary
/// table. It also copies each page that the insert changes, to be able to undo that insert alone.
pub(super) fn insert(
    connection: &mut SqliteConnection,
    groups: &[&NewGroup],
) -> Result<Vec<Option<GroupId>>, Fault> {
    let mut next_id: i64 = NextId {}.get_result(connection)?;
    groups
        .iter()
        .map(|group| {
            let insert = InsertGroup {
                id: next_id,
                uuid: UuidValue(group.uuid),
                name: group.name.as_str(),
                token: group.token.as_str(),
                admin_id: group.admin_id.get(),
                created_at: TimestampValue(group.created_at),
            };
            if insert.execute(connection)? == 0 {
                return Ok(None);
            }
            let id = next_id;
            next_id = id.saturating_add(1);
            group_id(id).map(Some)
        })
        .collect()
}

prepared_statement! {
    /// The insert of one group.
    struct InsertGroup<'a> for SqliteConnection, Sqlite => Untyped;
    "INSERT INTO groups (id, uuid, name, token, admin_id, created_at) VALUES (" [id: i64 as BigInt] ", " [uuid: UuidValue as UuidSql]
    ", " [name: &'a str as Text] ", " [token: &'a str as Text] ", " [admin_id: i64 as BigInt] ", " [created_at: TimestampValue as TimestampSql]
    ") ON CONFLICT (name) DO NOTHING"
}
