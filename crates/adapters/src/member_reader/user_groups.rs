//! The groups of a user.
//!
//! On PostgreSQL each order is one that only the right index has. With `admin_id = … ORDER BY id`, PostgreSQL would read all
//! groups by their ids if most of them are of one administrator, and with `id IN (…)` it might too. SQLite has no
//! `ANY(ARRAY(…))`, and compares only the first column of `(admin_id, id) > (…)` with the index.

use crate::{Fault, connection::AnyConnection, prepared_statement::prepared_statement, rows::GroupRow};
use diesel::{
    PgConnection, RunQueryDsl, Selectable, SqliteConnection, dsl::SqlTypeOf, pg::Pg, sql_types::BigInt,
    sqlite::Sqlite,
};
use gochat_domain::{
    group::{Group, GroupId},
    user::UserId,
};

/// A page of groups in the order of their ids.
#[derive(Clone, Copy)]
pub(super) struct Page {
    user: i64,
    after: i64,
    limit: i64,
}

impl Page {
    /// The first groups of `user` after `after`.
    pub(super) fn new(user: UserId, after: Option<GroupId>, limit: u16) -> Self {
        Self { user: user.get(), after: after.map_or(0, GroupId::get), limit: limit.into() }
    }
}

/// Returns the groups that the user is a member of. One statement, so that a group that is handed over meanwhile is not
/// missed.
pub(super) fn joined(connection: &mut AnyConnection, page: Page) -> Result<Vec<Group>, Fault> {
    let Page { user, after, limit } = page;
    let rows: Vec<GroupRow> = match connection {
        AnyConnection::Sqlite(connection) => SqliteJoined {
            member: user,
            memberships_after: after,
            memberships_limit: limit,
            administrator: user,
            administered_after: after,
            administered_limit: limit,
            limit,
        }
        .load(connection)?,
        AnyConnection::Postgres(connection) => PostgresJoined {
            member: user,
            memberships_after: after,
            memberships_up_to: user,
            memberships_limit: limit,
            administrator: user,
            administered_after: after,
            administered_up_to: user,
            administered_limit: limit,
            limit,
        }
        .load(connection)?,
    };
    rows.into_iter().map(Group::try_from).collect()
}

/// Returns the groups that the user is the administrator of.
pub(super) fn administered(connection: &mut AnyConnection, page: Page) -> Result<Vec<Group>, Fault> {
    let Page { user: administrator, after, limit } = page;
    let rows: Vec<GroupRow> = match connection {
        AnyConnection::Sqlite(connection) => {
            SqliteAdministered { administrator, after, limit }.load(connection)?
        }
        AnyConnection::Postgres(connection) => {
            PostgresAdministered { administrator, after, up_to: administrator, limit }.load(connection)?
        }
    };
    rows.into_iter().map(Group::try_from).collect()
}

/// The SQL types of a [`GroupRow`].
type Row<Backend> = SqlTypeOf<<GroupRow as Selectable<Backend>>::SelectExpression>;

prepared_statement! {
    struct SqliteJoined for SqliteConnection, Sqlite => Row<Sqlite>;
    "SELECT id, uuid, name, token, admin_id, created_at, version FROM groups WHERE id IN (
        SELECT id FROM (
            SELECT group_id AS id FROM members WHERE user_id = " [member: i64 as BigInt] " AND group_id > "
    [memberships_after: i64 as BigInt] " ORDER BY group_id LIMIT 0 + " [memberships_limit: i64 as BigInt] ")
        UNION
        SELECT id FROM (
            SELECT id FROM groups WHERE admin_id = " [administrator: i64 as BigInt] " AND id > "
    [administered_after: i64 as BigInt] " ORDER BY id LIMIT 0 + " [administered_limit: i64 as BigInt] ")
    ) ORDER BY id LIMIT 0 + " [limit: i64 as BigInt] ""
}

prepared_statement! {
    struct PostgresJoined for PgConnection, Pg => Row<Pg>;
    "SELECT id, uuid, name, token, admin_id, created_at, version FROM groups WHERE id = ANY(ARRAY(
        (SELECT group_id FROM members WHERE (user_id, group_id) > (" [member: i64 as BigInt] ", "
    [memberships_after: i64 as BigInt] ") AND user_id <= " [memberships_up_to: i64 as BigInt]
    " ORDER BY user_id, group_id LIMIT " [memberships_limit: i64 as BigInt] ")
        UNION ALL
        (SELECT id FROM groups WHERE (admin_id, id) > (" [administrator: i64 as BigInt] ", "
    [administered_after: i64 as BigInt] ") AND admin_id <= " [administered_up_to: i64 as BigInt]
    " ORDER BY admin_id, id LIMIT " [administered_limit: i64 as BigInt] ")
    )) ORDER BY id LIMIT " [limit: i64 as BigInt] ""
}

prepared_statement! {
    struct SqliteAdministered for SqliteConnection, Sqlite => Row<Sqlite>;
    "SELECT id, uuid, name, token, admin_id, created_at, version FROM groups WHERE admin_id = "
    [administrator: i64 as BigInt] " AND id > " [after: i64 as BigInt] " ORDER BY id LIMIT 0 + " [limit: i64 as BigInt] ""
}

prepared_statement! {
    struct PostgresAdministered for PgConnection, Pg => Row<Pg>;
    "SELECT id, uuid, name, token, admin_id, created_at, version FROM groups WHERE (admin_id, id) > ("
    [administrator: i64 as BigInt] ", " [after: i64 as BigInt] ") AND admin_id <= " [up_to: i64 as BigInt]
    " ORDER BY admin_id, id LIMIT " [limit: i64 as BigInt] ""
}
