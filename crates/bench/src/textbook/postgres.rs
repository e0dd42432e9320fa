//! The statements on PostgreSQL.

use super::{
    dialect::Texts,
    row::{self, Row, RowSql},
    statement::{
        Statement,
        Value::{Number, Text},
    },
};
use chrono::{DateTime, Utc};
use diesel::{
    Connection, ExpressionMethods, OptionalExtension, PgConnection, QueryResult, RunQueryDsl, insert_into,
    sql_types::BigInt,
};
use gochat_domain::{
    clock::Timestamp,
    group::{Group, GroupId, NewGroup},
    member::Member,
    user::UserId,
};

impl_dialect!(PgConnection, transaction, insert, TEXTS);

const TEXTS: Texts = Texts {
    lock: "SELECT id, uuid::text, name, token, admin_id, (extract(epoch FROM created_at) * 1000000)::bigint, version
           FROM groups WHERE id = ? FOR UPDATE",
    insert_member: "INSERT INTO members (group_id, user_id, joined_at)
                    VALUES (?, ?, timestamptz 'epoch' + ? * interval '1 microsecond') ON CONFLICT DO NOTHING",
    joined_at: "SELECT (extract(epoch FROM joined_at) * 1000000)::bigint
                FROM members WHERE group_id = ? AND user_id = ?",
};

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
