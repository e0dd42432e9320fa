//! Rows of `api_keys`.

use crate::{
    Fault,
    schema::api_keys,
    sql_types::{TimestampValue, UuidValue},
};
use diesel::{Insertable, Queryable, Selectable};
use gochat_domain::auth::{IssuedKey, KeyId, KeyName, Scopes};
use std::fmt::Display;

/// A row of `api_keys` without the digest.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys)]
pub(crate) struct ApiKeyRow {
    id: UuidValue,
    name: String,
    scopes: String,
    created_at: TimestampValue,
    expires_at: Option<TimestampValue>,
    revoked_at: Option<TimestampValue>,
    last_used_at: Option<TimestampValue>,
}

impl From<&IssuedKey> for ApiKeyRow {
    fn from(key: &IssuedKey) -> Self {
        Self {
            id: UuidValue(key.id.0),
            name: key.name.as_str().to_owned(),
            scopes: key.scopes.to_string(),
            created_at: TimestampValue(key.created_at),
            expires_at: key.expires_at.map(TimestampValue),
            revoked_at: key.revoked_at.map(TimestampValue),
            last_used_at: key.last_used_at.map(TimestampValue),
        }
    }
}

impl TryFrom<ApiKeyRow> for IssuedKey {
    type Error = Fault;

    fn try_from(row: ApiKeyRow) -> Result<Self, Fault> {
        let id = row.id.0;
        let broken = |what: &dyn Display| Fault::Unknown(format!("api_keys row {id}: {what}"));
        Ok(Self {
            id: KeyId(id),
            name: KeyName::parse(&row.name).map_err(|error| broken(&error))?,
            scopes: Scopes::from_names(&row.scopes),
            created_at: row.created_at.0,
            expires_at: row.expires_at.map(|TimestampValue(moment)| moment),
            revoked_at: row.revoked_at.map(|TimestampValue(moment)| moment),
            last_used_at: row.last_used_at.map(|TimestampValue(moment)| moment),
        })
    }
}
