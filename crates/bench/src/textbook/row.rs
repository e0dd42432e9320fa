//! A row of `groups`, in types that both databases have.

use anyhow::Context;
use diesel::{
    QueryableByName,
    result::{Error, QueryResult},
    sql_types::{BigInt, Text},
};
use gochat_domain::{
    clock::Timestamp,
    group::{Group, GroupId, GroupName, GroupToken, Version},
    user::UserId,
};

/// A row. The UUID is in hexadecimal digits, and the time in microseconds since 1970.
#[derive(QueryableByName)]
pub(super) struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    uuid: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    token: String,
    #[diesel(sql_type = BigInt)]
    admin_id: i64,
    #[diesel(sql_type = BigInt)]
    created_at: i64,
    #[diesel(sql_type = BigInt)]
    version: i64,
}

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
                created_at: Timestamp::from_unix_micros(row.created_at).context("no time")?,
                version: Version::new(row.version)?,
            })
        };
        parse().map_err(|error| Error::DeserializationError(error.into()))
    }
}
