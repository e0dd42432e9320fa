//! Import of a single record, or its dry run.

use crate::commands::groups::backoff;
use backon::Retryable;
use gochat_domain::{
    auth::{GroupsWrite, Permit},
    group::{CreateGroup, GroupKey, GroupName},
    ports::{CreateGroupError, GroupReader, StorageError},
    service::GroupService,
};
use std::{
    collections::{HashSet, hash_map::RandomState},
    hash::BuildHasher,
    sync::Arc,
};

/// The two modes of an import.
pub(super) enum ImportMode<'a> {
    /// Creates the group.
    Store(&'a GroupService, Permit<GroupsWrite>),
    /// Only looks up the name. `None` if there is no database yet.
    DryRun(Option<Arc<dyn GroupReader>>),
}

/// The outcome for a record. In a dry run, it is the one that an import would have.
pub(super) enum Outcome {
    Created,
    /// Dry run: no group in the database has this name.
    WouldCreate(GroupName),
    AlreadyExists,
    Refused(String),
}

impl ImportMode<'_> {
    pub(super) async fn import(&self, group: Result<CreateGroup, String>) -> anyhow::Result<Outcome> {
        let group = match group {
            Ok(group) => group,
            Err(reason) => return Ok(Outcome::Refused(reason)),
        };
        match self {
            Self::Store(groups, permit) => {
                let create = async || groups.create(*permit, group.clone(), None).await;
                match create.retry(backoff::policy()).when(CreateGroupError::is_transient).await {
                    Ok(_) => Ok(Outcome::Created),
                    Err(CreateGroupError::NameTaken) => Ok(Outcome::AlreadyExists),
                    Err(CreateGroupError::TooManyGroups(error)) => Ok(Outcome::Refused(error.to_string())),
                    Err(error) => Err(error.into()),
                }
            }
            Self::DryRun(None) => Ok(Outcome::WouldCreate(group.name)),
            Self::DryRun(Some(existing)) => {
                let key = GroupKey::Name(group.name.clone());
                let find = async || existing.find(&key).await;
                let found = find.retry(backoff::policy()).when(StorageError::is_transient).await?;
                Ok(found.map_or(Outcome::WouldCreate(group.name), |_| Outcome::AlreadyExists))
            }
        }
    }
}

/// A set of names, stored as two hashes each, so that a name takes 16 bytes.
#[derive(Default)]
pub(super) struct SeenNames {
    hashers: [RandomState; 2],
    seen: HashSet<[u64; 2]>,
}

impl SeenNames {
    /// Adds a name. Returns true if it is new.
    pub(super) fn insert(&mut self, name: &GroupName) -> bool {
        self.seen.insert([0, 1].map(|index: usize| self.hashers[index].hash_one(name)))
    }
}
