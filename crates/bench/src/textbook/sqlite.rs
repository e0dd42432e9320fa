//! The statements on SQLite.

use super::{
    dialect::Texts,
    row::{self, Row, RowSql},
    statement::{
        Statement,
        Value::{Number, Text},
    },
};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryResult, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    insert_into,
    r2d2::{CustomizeConnection, Error},
    sql_types::BigInt,
};
use gochat_domain::{
    clock::Timestamp,
    group::{Group, GroupId, NewGroup},
    member::Member,
    user::UserId,
};

impl_dialect!(SqliteConnection, immediate_transaction, insert, TEXTS);

const TEXTS: Texts = Texts {
    lock: "SELECT id, hex(uuid), name, token, admin_id, created_at, version FROM groups WHERE id = ?",
    insert_member: "INSERT INTO members (group_id, user_id, joined_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    joined_at: "SELECT joined_at FROM members WHERE group_id = ? AND user_id = ?",
};

diesel::table! {
    groups (id) {
        id -> BigInt,
        uuid -> Binary,
        name -> Text,
        token -> Text,
        admin_id -> BigInt,
        created_at -> BigInt,
    }
}

/// Gives each connection the durability of the product.
#[derive(Debug)]
pub(super) struct Durable;

impl CustomizeConnection<SqliteConnection, Error> for Durable {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> Result<(), Error> {
        connection
            .batch_execute(
                "PRAGMA busy_timeout = 30000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 PRAGMA foreign_keys = ON",
            )
            .map_err(Error::QueryError)
    }
}

fn insert(connection: &mut SqliteConnection, group: &NewGroup) -> QueryResult<Option<i64>> {
    insert_into(groups::table)
        .values((
            groups::uuid.eq(group.uuid.as_bytes().as_slice()),
            groups::name.eq(group.name.as_str()),
            groups::token.eq(group.token.as_str()),
            groups::admin_id.eq(group.admin_id.get()),
            groups::created_at.eq(group.created_at.unix_micros()),
        ))
        .on_conflict(groups::name)
        .do_nothing()
        .returning(groups::id)
        .get_result(connection)
        .optional()
}
