//! In-memory ports, for tests and for measurements without a database. Nothing is durable.

use crate::{api_keys::digest, rows::group_id};
use async_trait::async_trait;
use gochat_domain::{
    auth::{ApiKey, IssuedKey, KeyId},
    clock::Timestamp,
    group::{
        Created, Fingerprint, Group, GroupId, GroupKey, GroupName, Idempotency, IdempotencyRecord, KeyReused,
        NewGroup,
    },
    ports::{ApiKeyRepository, CreateGroupError, GroupReader, GroupRepository, StorageError},
};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Groups in memory.
#[derive(Default)]
pub struct MemoryGroups(Mutex<Groups>);

#[derive(Default)]
struct Groups {
    last_id: i64,
    by_name: HashMap<GroupName, Group>,
    recorded: HashMap<Idempotency, IdempotencyRecord>,
}

impl Groups {
    fn create(&mut self, group: NewGroup) -> Result<Group, CreateGroupError> {
        if self.by_name.contains_key(&group.name) {
            return Err(CreateGroupError::NameTaken);
        }
        self.last_id += 1;
        let group = group.with_id(group_id(self.last_id).map_err(StorageError::from)?);
        self.by_name.insert(group.name.clone(), group.clone());
        Ok(group)
    }
}

impl MemoryGroups {
    /// Deletes the group with this name, and returns it.
    pub fn delete(&self, name: &GroupName) -> Option<Group> {
        lock(&self.0).by_name.remove(name)
    }
}

#[async_trait]
impl GroupRepository for MemoryGroups {
    async fn create(
        &self,
        group: NewGroup,
        idempotency: Option<Idempotency>,
    ) -> Result<Created, CreateGroupError> {
        let mut groups = lock(&self.0);
        if let Some(recorded) = idempotency.as_ref().and_then(|idempotency| groups.recorded.get(idempotency))
        {
            let replay = recorded.replay(group.into_request());
            let group = replay.map_err(|KeyReused| CreateGroupError::IdempotencyKeyReused)?;
            return Ok(Created { group, replayed: true });
        }
        let group = groups.create(group)?;
        if let Some(idempotency) = idempotency {
            let &Group { id, uuid, created_at, .. } = &group;
            let fingerprint = Fingerprint::of_create(&group.name, &group.token, group.admin_id);
            groups.recorded.insert(idempotency, IdempotencyRecord { fingerprint, id, uuid, created_at });
        }
        Ok(Created { group, replayed: false })
    }
}

/// All look-ups except by name are linear scans.
#[async_trait]
impl GroupReader for MemoryGroups {
    async fn find(&self, key: &GroupKey) -> Result<Option<Group>, StorageError> {
        let groups = lock(&self.0);
        Ok(match key {
            GroupKey::Name(name) => groups.by_name.get(name).cloned(),
            GroupKey::Id(id) => groups.by_name.values().find(|group| group.id == *id).cloned(),
            GroupKey::Uuid(uuid) => groups.by_name.values().find(|group| group.uuid == *uuid).cloned(),
        })
    }

    async fn list(&self, after: Option<GroupId>, limit: u16) -> Result<Vec<Group>, StorageError> {
        let groups = lock(&self.0);
        let mut following: Vec<_> = groups.by_name.values().filter(|group| Some(group.id) > after).collect();
        following.sort_by_key(|group| group.id);
        Ok(following.into_iter().take(limit.into()).cloned().collect())
    }
}

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

    async fn revoke(&self, id: KeyId, at: Timestamp) -> Result<bool, StorageError> {
        let mut keys = lock(&self.0);
        let Some((_, issued)) = keys.iter_mut().find(|(_, issued)| issued.id == id) else { return Ok(false) };
        issued.revoked_at.get_or_insert(at);
        Ok(true)
    }
}

/// Ignores poisoning: every critical section leaves the data consistent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
