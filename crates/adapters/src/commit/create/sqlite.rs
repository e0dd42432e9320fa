//! SQLite: one insert for each group.

use crate::{
    Fault,
    rows::group_id,
    sql_types::{TimestampSql, TimestampValue, UuidSql, UuidValue},
};
use diesel::{
    OptionalExtension, QueryResult, RunQueryDsl, SqliteConnection,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Text},
    sqlite::Sqlite,
};
use gochat_domain::group::{GroupId, NewGroup};

/// Stores `groups` in the open transaction.
pub(super) fn insert(
    connection: &mut SqliteConnection,
    groups: &[&NewGroup],
) -> Result<Vec<Option<GroupId>>, Fault> {
    groups
        .iter()
        .map(|group| {
            let insert = InsertGroup {
                uuid: UuidValue(group.uuid),
                name: group.name.as_str(),
                token: group.token.as_str(),
                admin_id: group.admin_id.get(),
                created_at: TimestampValue(group.created_at),
            };
            insert.get_result(connection).optional()?.map(group_id).transpose()
        })
        .collect()
}

/// The insert of one group. Its Rust type is the key of the prepared statement in Diesel's cache. For an insert from
/// the query builder, Diesel would render the SQL for each row to find the statement.
struct InsertGroup<'a> {
    uuid: UuidValue,
    name: &'a str,
    token: &'a str,
    admin_id: i64,
    created_at: TimestampValue,
}

impl QueryFragment<Sqlite> for InsertGroup<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("INSERT INTO groups (uuid, name, token, admin_id, created_at) VALUES (");
        out.push_bind_param::<UuidSql, _>(&self.uuid)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.name)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.token)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.admin_id)?;
        out.push_sql(", ");
        out.push_bind_param::<TimestampSql, _>(&self.created_at)?;
        out.push_sql(") ON CONFLICT (name) DO NOTHING RETURNING id");
        Ok(())
    }
}

impl QueryId for InsertGroup<'_> {
    type QueryId = InsertGroup<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for InsertGroup<'_> {
    type SqlType = BigInt;
}

impl RunQueryDsl<SqliteConnection> for InsertGroup<'_> {}
