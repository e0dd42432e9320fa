//! API keys in memory.

use super::lock;
use crate::api_keys::digest;
use async_trait::async_trait;
use gochat_domain::{
    auth::{ApiKey, IssuedKey, KeyId, KeyUse},
    clock::Timestamp,
    ports::{ApiKeyRepository, StorageError},
};
use std::{cmp::Reverse, sync::Mutex};

/// API keys in memory, by digest.
#[derive(Default)]
pub struct MemoryApiKeys(Mutex<Vec<([u8; 32], IssuedKey)>>);

#[async_trait]
impl ApiKeyRepository for MemoryApiKeys {
    async fn insert(&self, key: &ApiKey, issued: &IssuedKey) -> Result<(), StorageError> {
        lock(&self.0).push((digest(key), issued.clone()));
        Ok(())
    }

    async fn find(&self, key: &ApiKey) -> Result<Option<IssuedKey>, StorageError> {
        let digest = digest(key);
        Ok(lock(&self.0).iter().find(|(known, _)| *known == digest).map(|(_, issued)| issued.clone()))
    }

    async fn list(&self) -> Result<Vec<IssuedKey>, StorageError> {
        let mut keys: Vec<_> = lock(&self.0).iter().map(|(_, issued)| issued.clone()).collect();
        keys.sort_by_key(|issued| (issued.created_at, issued.id));
        Ok(keys)
    }

    async fn list_before(&self, before: KeyId, limit: u16) -> Result<Vec<IssuedKey>, StorageError> {
        let keys = lock(&self.0);
        let mut keys: Vec<_> = keys.iter().map(|(_, issued)| issued.clone()).collect();
        keys.retain(|issued| issued.id < before);
        keys.sort_by_key(|issued| Reverse(issued.id));
        keys.truncate(limit.into());
        Ok(keys)
    }

    async fn revoke(&self, id: KeyId, at: Timestamp) -> Result<bool, StorageError> {
        let mut keys = lock(&self.0);
        let Some((_, issued)) = keys.iter_mut().find(|(_, issued)| issued.id == id) else { return Ok(false) };
        issued.revoked_at.get_or_insert(at);
        Ok(true)
    }

    async fn record_uses(&self, uses: &[KeyUse]) -> Result<Vec<KeyId>, StorageError> {
        for (_, issued) in lock(&self.0).iter_mut() {
            let used_at =
                uses.iter().filter(|key_use| key_use.id == issued.id).map(|key_use| key_use.at).max();
            issued.last_used_at = issued.last_used_at.max(used_at);
        }
        Ok(Vec::new())
    }
}
