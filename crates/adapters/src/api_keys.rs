//! Stores API keys in either database.

use crate::{
    commit::{InsertKey, RecordKeyUses, RevokeKey, Submitter},
    connection::AnyConnection,
    pool::Pool,
    rows::ApiKeyRow,
    schema::api_keys,
    sql_types::UuidValue,
};
use async_trait::async_trait;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SelectableHelper};
use gochat_domain::{
    auth::{ApiKey, IssuedKey, KeyId, KeyUse},
    clock::Timestamp,
    ports::{ApiKeyRepository, StorageError},
};
use sha2::{Digest, Sha256};

/// API keys in a database: read on pooled connections, written through the commit queue.
pub(crate) struct DieselApiKeys {
    pub(crate) pool: Pool,
    pub(crate) queue: Submitter,
}

/// The SHA-256 digest (FIPS 180-4) under which a key is stored.
///
/// A fast hash is enough: a key has 256 random bits, too many to guess.
pub(crate) fn digest(key: &ApiKey) -> [u8; 32] {
    Sha256::digest(key.expose()).into()
}

#[async_trait]
impl ApiKeyRepository for DieselApiKeys {
    async fn insert(&self, key: &ApiKey, issued: &IssuedKey) -> Result<(), StorageError> {
        self.queue.submit(InsertKey { digest: digest(key), issued: issued.clone() }).await
    }

    async fn find(&self, key: &ApiKey) -> Result<Option<IssuedKey>, StorageError> {
        let digest = digest(key);
        // No `LIMIT`, as a digest is unique: SQLite would recompile the statement each time a `LIMIT` is bound.
        let find = move |connection: &mut AnyConnection| {
            let row = api_keys::table
                .filter(api_keys::digest.eq(digest.as_slice()))
                .select(ApiKeyRow::as_select())
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
                .select(ApiKeyRow::as_select())
                .load(connection)?;
            rows.into_iter().map(IssuedKey::try_from).collect()
        };
        Ok(self.pool.run(list).await?)
    }

    async fn list_before(&self, before: KeyId, limit: u16) -> Result<Vec<IssuedKey>, StorageError> {
        let list = move |connection: &mut AnyConnection| {
            let rows = api_keys::table
                .filter(api_keys::id.lt(UuidValue(before.0)))
                .order(api_keys::id.desc())
                .limit(limit.into())
                .select(ApiKeyRow::as_select())
                .load(connection)?;
            rows.into_iter().map(IssuedKey::try_from).collect()
        };
        Ok(self.pool.run(list).await?)
    }

    async fn revoke(&self, id: KeyId, at: Timestamp) -> Result<bool, StorageError> {
        self.queue.submit(RevokeKey { id, at }).await
    }

    async fn record_uses(&self, uses: &[KeyUse]) -> Result<Vec<KeyId>, StorageError> {
        self.queue.submit(RecordKeyUses { uses: uses.to_vec() }).await
    }
}
