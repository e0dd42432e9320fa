//! SQLite: one insert for each group.

use crate::{
    Fault,
    prepared_statement::prepared_statement,
    rows::group_id,
    sql_types::{TimestampSql, TimestampValue, UuidSql, UuidValue},
};
use diesel::{
    QueryResult, RunQueryDsl, SqliteConnection,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{BigInt, Text},
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

/// The insert of one group. Its Rust type is the key of the prepared statement in Diesel's cache. For an insert from
/// the query builder, Diesel would render the SQL for each row to find the statement.
struct InsertGroup<'a> {
    id: i64,
    uuid: UuidValue,
    name: &'a str,
    token: &'a str,
    admin_id: i64,
    created_at: TimestampValue,
}

impl QueryFragment<Sqlite> for InsertGroup<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("INSERT INTO groups (id, uuid, name, token, admin_id, created_at) VALUES (");
        out.push_bind_param::<BigInt, _>(&self.id)?;
        out.push_sql(", ");
        out.push_bind_param::<UuidSql, _>(&self.uuid)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.name)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.token)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.admin_id)?;
        out.push_sql(", ");
        out.push_bind_param::<TimestampSql, _>(&self.created_at)?;
        out.push_sql(") ON CONFLICT (name) DO NOTHING");
        Ok(())
    }
}

impl QueryId for InsertGroup<'_> {
    type QueryId = InsertGroup<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<SqliteConnection> for InsertGroup<'_> {}
