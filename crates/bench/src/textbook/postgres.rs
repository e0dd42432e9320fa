//! The statements on PostgreSQL.

use super::row::Row;
use chrono::{DateTime, Utc};
use diesel::{
    Connection, ExpressionMethods, OptionalExtension, PgConnection, QueryResult, RunQueryDsl, insert_into,
    sql_query,
    sql_types::{BigInt, Text},
};
use gochat_domain::{
    group::{Group, GroupId, NewGroup},
    member::Member,
};

impl_dialect!(
    PgConnection,
    transaction,
    insert,
    "SELECT id, uuid::text, name, token, admin_id, (extract(epoch FROM created_at) * 1000000)::bigint AS created_at, version
     FROM groups WHERE id = $1 FOR UPDATE",
    "INSERT INTO members (group_id, user_id, joined_at)
     VALUES ($1, $2, timestamptz 'epoch' + $3 * interval '1 microsecond') ON CONFLICT DO NOTHING"
);

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

fn insert(connection: &mut PgConnection, group: &NewGroup) -> QueryResult<Option<i64>> {
    let created_at = DateTime::<Utc>::from_timestamp_micros(group.created_at.unix_micros());
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
}
