//! Groups and their members in memory.

mod members;
mod state;

use super::lock;
use async_trait::async_trait;
use gochat_domain::{
    clock::Timestamp,
    group::{
        Created, Expected, Fingerprint, Group, GroupChange, GroupId, GroupKey, GroupName, GroupNamePrefix,
        Idempotency, IdempotencyRecord, KeyReused, NewGroup,
    },
    limits::Limits,
    ports::{
        ChangeGroupError, CreateGroupError, DeleteGroupError, GroupReader, GroupRepository, StorageError,
    },
    user::UserId,
};
use state::State;
use std::sync::Mutex;

/// Groups and their members in memory. All look-ups except by id and by name are linear scans, as are the counts of
/// groups and members, if a limit is set.
#[derive(Default)]
pub struct MemoryGroups {
    limits: Limits,
    state: Mutex<State>,
}

impl MemoryGroups {
    /// An empty storage with these limits.
    pub fn with_limits(limits: Limits) -> Self {
        Self { limits, state: Mutex::default() }
    }

    /// All memberships, ordered by group and user.
    pub fn memberships(&self) -> Vec<(GroupId, UserId, Timestamp)> {
        lock(&self.state).memberships.iter().map(|(&(group, user), &at)| (group, user, at)).collect()
    }

    /// Sets the id of the next group, which must be above all ids so far.
    pub fn set_next_id(&self, id: GroupId) {
        lock(&self.state).last_id = id.get() - 1;
    }
}

#[async_trait]
impl GroupRepository for MemoryGroups {
    async fn create(
        &self,
        group: NewGroup,
        idempotency: Option<Idempotency>,
    ) -> Result<Created, CreateGroupError> {
        let mut state = lock(&self.state);
        if let Some(recorded) = idempotency.as_ref().and_then(|idempotency| state.recorded.get(idempotency)) {
            let replay = recorded.replay(group.into_request());
            let group = replay.map_err(|KeyReused| CreateGroupError::IdempotencyKeyReused)?;
            return Ok(Created { group, replayed: true });
        }
        let group = state.create(group, &self.limits)?;
        if let Some(idempotency) = idempotency {
            let &Group { id, uuid, created_at, .. } = &group;
            let fingerprint = Fingerprint::of_create(&group.name, &group.token, group.admin_id);
            state.recorded.insert(idempotency, IdempotencyRecord { fingerprint, id, uuid, created_at });
        }
        Ok(Created { group, replayed: false })
    }

    async fn change(
        &self,
        id: GroupId,
        change: GroupChange,
        expected: Expected,
        moment: Timestamp,
    ) -> Result<Group, ChangeGroupError> {
        lock(&self.state).change(id, &change, &expected, moment, &self.limits)
    }

    async fn delete(&self, id: GroupId, expected: Expected) -> Result<Group, DeleteGroupError> {
        lock(&self.state).delete(id, &expected)
    }
}

#[async_trait]
impl GroupReader for MemoryGroups {
    async fn find(&self, key: &GroupKey) -> Result<Option<Group>, StorageError> {
        Ok(lock(&self.state).find(key).cloned())
    }

    async fn list(&self, after: Option<GroupId>, limit: u16) -> Result<Vec<Group>, StorageError> {
        let state = lock(&self.state);
        let following = state.by_id.values().filter(|group| Some(group.id) > after);
        Ok(following.take(limit.into()).cloned().collect())
    }

    async fn list_by_name(
        &self,
        prefix: &GroupNamePrefix,
        after: Option<GroupName>,
        limit: u16,
    ) -> Result<Vec<Group>, StorageError> {
        let state = lock(&self.state);
        let is_listed = |group: &&Group| {
            prefix.is_prefix_of(&group.name) && after.as_ref().is_none_or(|after| group.name > *after)
        };
        let mut groups: Vec<_> = state.by_id.values().filter(is_listed).cloned().collect();
        groups.sort_by(|one, other| one.name.cmp(&other.name));
        groups.truncate(limit.into());
        Ok(groups)
    }
}
