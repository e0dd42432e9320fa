//! The insert of one group into PostgreSQL.

use chrono::{DateTime, Utc};
use diesel::{
    Connection, ExpressionMethods, OptionalExtension, PgConnection, QueryResult, RunQueryDsl, insert_into,
};
use gochat_domain::group::NewGroup;

diesel::table! {
    groups (id) {
        id -> BigInt,
        uuid -> Uuid,
        name -> Text,
        token -> Text,
        admin_id -> BigInt,
        created_at -> Timestamptz,
    }
}

pub(super) fn insert(connection: &mut PgConnection, group: &NewGroup) -> QueryResult<Option<i64>> {
    let created_at = DateTime::<Utc>::from_timestamp_micros(group.created_at.unix_micros());
    connection.transaction(|connection| {
        insert_into(groups::table)
            .values((
                groups::uuid.eq(group.uuid),
                groups::name.eq(group.name.as_str()),
                groups::token.eq(group.token.as_str()),
                groups::admin_id.eq(group.admin_id.get()),
                groups::created_at.eq(created_at.unwrap_or_default()),
            ))
            .on_conflict(groups::name)
            .do_nothing()
            .returning(groups::id)
            .get_result(connection)
            .optional()
    })
}
