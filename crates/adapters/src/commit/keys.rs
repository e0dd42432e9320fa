//! Inserts and revocations of API keys.

use super::write::{Attempt, Write};
use crate::{
    Fault,
    connection::AnyConnection,
    rows::ApiKeyRow,
    schema::api_keys,
    sql_types::{TimestampValue, UuidValue},
};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use gochat_domain::{
    auth::{IssuedKey, KeyId},
    clock::Timestamp,
    ports::StorageError,
};
use std::cmp::Ordering;

/// An API key to store.
pub(crate) struct InsertKey {
    pub(crate) digest: [u8; 32],
    pub(crate) issued: IssuedKey,
}

impl Write for InsertKey {
    type Outcome = ();
    type Answer = ();
    type Error = StorageError;

    fn lock_order(&self, other: &Self) -> Ordering {
        self.issued.id.cmp(&other.issued.id)
    }

    /// Skips a key whose id is stored already. Each id is a UUID minted for one key, so an earlier attempt stored it.
    fn store(connection: &mut AnyConnection, keys: &[&Self], _: Attempt) -> Result<Vec<()>, Fault> {
        let rows: Vec<_> = keys
            .iter()
            .map(|key| (ApiKeyRow::from(&key.issued), api_keys::digest.eq(key.digest.as_slice())))
            .collect();
        for row in &rows {
            let insert = diesel::insert_into(api_keys::table).values(row).on_conflict_do_nothing();
            match connection {
                AnyConnection::Sqlite(connection) => insert.execute(connection)?,
                AnyConnection::Postgres(connection) => insert.execute(connection)?,
            };
        }
        Ok(vec![(); keys.len()])
    }

    fn answer(self, (): ()) -> Result<(), StorageError> {
        Ok(())
    }
}

/// A key to revoke.
pub(crate) struct RevokeKey {
    pub(crate) id: KeyId,
    pub(crate) at: Timestamp,
}

impl Write for RevokeKey {
    /// True if the key exists.
    type Outcome = bool;
    type Answer = bool;
    type Error = StorageError;

    fn lock_order(&self, other: &Self) -> Ordering {
        self.id.cmp(&other.id)
    }

    fn store(connection: &mut AnyConnection, keys: &[&Self], _: Attempt) -> Result<Vec<bool>, Fault> {
        keys.iter()
            .map(|key| {
                let row = api_keys::table.filter(api_keys::id.eq(UuidValue(key.id.0)));
                diesel::update(row.filter(api_keys::revoked_at.is_null()))
                    .set(api_keys::revoked_at.eq(TimestampValue(key.at)))
                    .execute(connection)?;
                let found: i64 = row.count().get_result(connection)?;
                Ok(found > 0)
            })
            .collect()
    }

    fn answer(self, exists: bool) -> Result<bool, StorageError> {
        Ok(exists)
    }
}
