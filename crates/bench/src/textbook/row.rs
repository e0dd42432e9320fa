//! Rows, in types that both databases have.

use anyhow::Context;
use diesel::{
    Queryable,
    result::{Error, QueryResult},
    sql_types::{BigInt, Text},
};
use gochat_domain::{
    clock::Timestamp,
    group::{Group, GroupId, GroupName, GroupToken, Version},
    user::UserId,
};

/// A row of `groups`. The UUID is in hexadecimal digits, and the time in microseconds since 1970.
#[derive(Queryable)]
pub(super) struct Row {
    id: i64,
    uuid: String,
    name: String,
    token: String,
    admin_id: i64,
    created_at: i64,
    version: i64,
}

/// The SQL types of a row.
pub(super) type RowSql = (BigInt, Text, Text, Text, BigInt, BigInt, BigInt);

impl TryFrom<Row> for Group {
    type Error = Error;

    fn try_from(row: Row) -> QueryResult<Self> {
        let parse = || {
            anyhow::Ok(Self {
                id: GroupId::new(row.id)?,
                uuid: row.uuid.parse()?,
                name: GroupName::parse_existing(row.name)?,
                token: GroupToken::parse(row.token)?,
                admin_id: UserId::new(row.admin_id)?,
                created_at: timestamp(row.created_at)?,
                version: Version::new(row.version)?,
            })
        };
        parse().map_err(|error| Error::DeserializationError(error.into()))
    }
}

/// Converts a time from the database.
pub(super) fn timestamp(micros: i64) -> QueryResult<Timestamp> {
    let time = Timestamp::from_unix_micros(micros).context("the time is out of range");
    time.map_err(|error| Error::DeserializationError(error.into()))
}
