//! The last uses of API keys.

mod postgres;
mod sqlite;

use super::write::{Attempt, Write};
use crate::{Fault, connection::AnyConnection};
use gochat_domain::{
    auth::{KeyId, KeyUse},
    clock::Timestamp,
    ports::StorageError,
};
use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

/// Maximum number of keys that a write should have. Small, because it shares its transaction with waiting creates.
pub(crate) const MAX_USES: usize = 250;

/// Last uses to store.
pub(crate) struct RecordKeyUses {
    pub(crate) uses: Vec<KeyUse>,
}

impl Write for RecordKeyUses {
    /// The keys that another transaction has locked.
    type Outcome = Vec<KeyId>;
    type Answer = Vec<KeyId>;
    type Error = StorageError;

    fn lock_order(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }

    fn store(
        connection: &mut AnyConnection,
        writes: &[&Self],
        _: Attempt,
    ) -> Result<Vec<Self::Outcome>, Fault> {
        let mut last_uses: BTreeMap<KeyId, Timestamp> = BTreeMap::new();
        for key_use in writes.iter().flat_map(|write| &write.uses) {
            let last_use = last_uses.entry(key_use.id).or_insert(key_use.at);
            *last_use = key_use.at.max(*last_use);
        }
        let locked = match connection {
            AnyConnection::Sqlite(connection) => {
                sqlite::update(connection, &last_uses)?;
                BTreeSet::new()
            }
            AnyConnection::Postgres(connection) => postgres::update(connection, &last_uses)?,
        };
        let locked_of = |write: &&Self| {
            let ids = write.uses.iter().map(|key_use| key_use.id);
            ids.filter(|id| locked.contains(id)).collect()
        };
        Ok(writes.iter().map(locked_of).collect())
    }

    /// A page of SQLite holds 12 keys or more.
    fn pages(_: &Self::Outcome) -> usize {
        MAX_USES.div_ceil(12)
    }

    fn answer(self, locked: Vec<KeyId>) -> Result<Vec<KeyId>, StorageError> {
        Ok(locked)
    }
}
