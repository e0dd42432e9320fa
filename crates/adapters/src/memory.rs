//! The ports in memory: for tests, and to measure what everything but a database costs. Nothing here is durable.

use crate::api_keys::digest;
use async_trait::async_trait;
use gochat_domain::{
    auth::{ApiKey, IssuedKey, KeyId},
    clock::Timestamp,
    group::{Created, Group, GroupId, GroupKey, GroupName, Idempotency, NewGroup},
    ports::{
        ApiKeyRepository, CreateGroupError, GroupReader, GroupRepository, KeyStoreError, ReadGroupError,
    },
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
    asked_for: HashMap<Idempotency, GroupName>,
}

impl Groups {
    fn create(&mut self, group: NewGroup) -> Result<Group, CreateGroupError> {
        if self.by_name.contains_key(&group.name) {
            return Err(CreateGroupError::NameTaken);
        }
        self.last_id += 1;
        let id = GroupId::new(self.last_id).map_err(|error| CreateGroupError::Unknown(error.into()))?;
        let group = group.with_id(id);
        self.by_name.insert(group.name.clone(), group.clone());
        Ok(group)
    }
}

impl MemoryGroups {
    /// Takes the stored group of this name away.
    pub fn delete(&self, name: &GroupName) -> Option<Group> {
        lock(&self.0).by_name.remove(name)
    }
}

#[async_trait]
impl GroupRepository for MemoryGroups {
    async fn create(&self, group: NewGroup) -> Result<Group, CreateGroupError> {
        lock(&self.0).create(group)
    }

    async fn create_once(
        &self,
        group: NewGroup,
        idempotency: Idempotency,
    ) -> Result<Created, CreateGroupError> {
        let mut groups = lock(&self.0);
        let before = groups.asked_for.get(&idempotency).and_then(|name| groups.by_name.get(name));
        match before {
            Some(before) if group.asks_for(before) => Ok(Created { group: before.clone(), replayed: true }),
            Some(_) => Err(CreateGroupError::IdempotencyKeyReused),
            None => {
                let group = groups.create(group)?;
                groups.asked_for.insert(idempotency, group.name.clone());
                Ok(Created { group, replayed: false })
            }
        }
    }
}

/// Every look-up but that by name goes over all groups.
#[async_trait]
impl GroupReader for MemoryGroups {
    async fn find(&self, key: &GroupKey) -> Result<Option<Group>, ReadGroupError> {
        let groups = lock(&self.0);
        Ok(match key {
            GroupKey::Name(name) => groups.by_name.get(name).cloned(),
            GroupKey::Id(id) => groups.by_name.values().find(|group| group.id == *id).cloned(),
            GroupKey::Uuid(uuid) => groups.by_name.values().find(|group| group.uuid == *uuid).cloned(),
        })
    }

    async fn list(&self, after: Option<GroupId>, limit: u16) -> Result<Vec<Group>, ReadGroupError> {
        let groups = lock(&self.0);
        let mut following: Vec<_> = groups.by_name.values().filter(|group| Some(group.id) > after).collect();
        following.sort_by_key(|group| group.id);
        Ok(following.into_iter().take(limit.into()).cloned().collect())
    }
}

/// Keys in memory, as their digests.
#[derive(Default)]
pub struct MemoryApiKeys(Mutex<Vec<([u8; 32], IssuedKey)>>);

#[async_trait]
impl ApiKeyRepository for MemoryApiKeys {
    async fn insert(&self, key: &ApiKey, issued: &IssuedKey) -> Result<(), KeyStoreError> {
        lock(&self.0).push((digest(key), issued.clone()));
        Ok(())
    }

    async fn find(&self, key: &ApiKey) -> Result<Option<IssuedKey>, KeyStoreError> {
        let digest = digest(key);
        Ok(lock(&self.0).iter().find(|(known, _)| *known == digest).map(|(_, issued)| issued.clone()))
    }

    async fn list(&self) -> Result<Vec<IssuedKey>, KeyStoreError> {
        let mut keys: Vec<_> = lock(&self.0).iter().map(|(_, issued)| issued.clone()).collect();
        keys.sort_by_key(|issued| (issued.created_at, issued.id));
        Ok(keys)
    }

    async fn revoke(&self, id: KeyId, at: Timestamp) -> Result<bool, KeyStoreError> {
        let mut keys = lock(&self.0);
        let Some((_, issued)) = keys.iter_mut().find(|(_, issued)| issued.id == id) else { return Ok(false) };
        issued.revoked_at.get_or_insert(at);
        Ok(true)
    }
}

/// Locks; a thread that panicked with the lock left nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
