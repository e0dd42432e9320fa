//! The insert of one group into SQLite.

use diesel::{
    ExpressionMethods, OptionalExtension, QueryResult, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    insert_into,
    r2d2::{CustomizeConnection, Error},
};
use gochat_domain::group::NewGroup;

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

pub(super) fn insert(connection: &mut SqliteConnection, group: &NewGroup) -> QueryResult<Option<i64>> {
    connection.immediate_transaction(|connection| {
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
    })
}
