//! The keys on record, in either database.

use crate::{
    Fault,
    commit::{InsertKey, RevokeKey, Submitter},
    connection::AnyConnection,
    pool::Pool,
    schema::api_keys,
    sql_types::{Moment, UuidValue},
};
use async_trait::async_trait;
use diesel::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable,
    SelectableHelper,
};
use gochat_domain::{
    auth::{ApiKey, IssuedKey, KeyId, KeyName, Scopes},
    clock::Timestamp,
    ports::{ApiKeyRepository, StorageError},
};
use sha2::{Digest, Sha256};

/// Keys in a database: read on pooled connections, written through the commit queue.
pub(crate) struct DieselApiKeys {
    pub(crate) pool: Pool,
    pub(crate) queue: Submitter,
}

/// The SHA-256 digest (FIPS 180-4) under which a key is on record.
///
/// A fast hash is enough: the keys have 256 random bits, which nobody can try out.
pub(crate) fn digest(key: &ApiKey) -> [u8; 32] {
    Sha256::digest(key.expose()).into()
}

/// A row of `api_keys` but for the digest.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys)]
pub(crate) struct Row {
    id: UuidValue,
    name: String,
    scopes: String,
    created_at: Moment,
    expires_at: Option<Moment>,
    revoked_at: Option<Moment>,
}

impl From<&IssuedKey> for Row {
    fn from(key: &IssuedKey) -> Self {
        Self {
            id: UuidValue(key.id.0),
            name: key.name.as_str().to_owned(),
            scopes: key.scopes.to_string(),
            created_at: Moment(key.created_at),
            expires_at: key.expires_at.map(Moment),
            revoked_at: key.revoked_at.map(Moment),
        }
    }
}

impl TryFrom<Row> for IssuedKey {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        let id = row.id.0;
        let broken = |what: &dyn std::fmt::Display| Fault::Unknown(format!("api_keys row {id}: {what}"));
        Ok(Self {
            id: KeyId(id),
            name: KeyName::parse(&row.name).map_err(|error| broken(&error))?,
            scopes: Scopes::recorded(&row.scopes),
            created_at: row.created_at.0,
            expires_at: row.expires_at.map(|Moment(moment)| moment),
            revoked_at: row.revoked_at.map(|Moment(moment)| moment),
        })
    }
}

#[async_trait]
impl ApiKeyRepository for DieselApiKeys {
    async fn insert(&self, key: &ApiKey, issued: &IssuedKey) -> Result<(), StorageError> {
        self.queue.submit(InsertKey { digest: digest(key), issued: issued.clone() }).await
    }

    async fn find(&self, key: &ApiKey) -> Result<Option<IssuedKey>, StorageError> {
        let digest = digest(key);
        // A digest is unique, and SQLite would compile the statement anew for each `LIMIT` that is bound.
        let find = move |connection: &mut AnyConnection| {
            let row = api_keys::table
                .filter(api_keys::digest.eq(digest.as_slice()))
                .select(Row::as_select())
                .get_result(connection)
                .optional()?;
            row.map(IssuedKey::try_from).transpose()
        };
        Ok(self.pool.run(find).await?)
    }

    async fn list(&self) -> Result<Vec<IssuedKey>, StorageError> {
        let list = |connection: &mut AnyConnection| {
            let rows = api_keys::table
                .order((api_keys::created_at, api_keys::id))
                .select(Row::as_select())
                .load(connection)?;
            rows.into_iter().map(IssuedKey::try_from).collect()
        };
        Ok(self.pool.run(list).await?)
    }

    async fn revoke(&self, id: KeyId, at: Timestamp) -> Result<bool, StorageError> {
        self.queue.submit(RevokeKey { id, at }).await
    }
}
