//! Groups and their members in memory.

use super::lock;
use crate::rows::group_id;
use async_trait::async_trait;
use gochat_domain::{
    clock::Timestamp,
    group::{
        Created, Expected, Fingerprint, Group, GroupChange, GroupId, GroupKey, GroupName, Idempotency,
        IdempotencyRecord, KeyReused, NewGroup,
    },
    limits::Limits,
    member::{Joined, Member, NewMember, RefusedLeave},
    ports::{
        ChangeGroupError, CreateGroupError, DeleteGroupError, GroupReader, GroupRepository, JoinError,
        LeaveError, MemberReader, MemberRepository, StorageError,
    },
    user::UserId,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
};

/// Groups and their members in memory. All look-ups except by id and by name are linear scans, as are the counts of
/// groups and members, if a limit is set.
#[derive(Default)]
pub struct MemoryGroups {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last_id: i64,
    by_id: BTreeMap<GroupId, Group>,
    ids: HashMap<GroupName, GroupId>,
    memberships: BTreeMap<(GroupId, UserId), Timestamp>,
    recorded: HashMap<Idempotency, IdempotencyRecord>,
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

impl State {
    fn create(&mut self, group: NewGroup, limits: &Limits) -> Result<Group, CreateGroupError> {
        if self.ids.contains_key(&group.name) {
            return Err(CreateGroupError::NameTaken);
        }
        let administered = if limits.has_group_limit() { self.administered(group.admin_id) } else { 0 };
        limits.admit_group(self.by_id.len() as u64, administered)?;
        self.last_id += 1;
        let group = group.with_id(group_id(self.last_id).map_err(StorageError::from)?);
        self.store(&group);
        Ok(group)
    }

    fn store(&mut self, group: &Group) {
        self.ids.insert(group.name.clone(), group.id);
        self.by_id.insert(group.id, group.clone());
    }

    /// The number of groups that the user administers.
    fn administered(&self, user: UserId) -> u64 {
        self.by_id.values().filter(|group| group.admin_id == user).count() as u64
    }

    fn joined_at(&self, group_id: GroupId, user_id: UserId) -> Option<Timestamp> {
        self.memberships.get(&(group_id, user_id)).copied()
    }

    /// The members of `group`, in the order of user ids.
    fn members(&self, group: &Group) -> Vec<Member> {
        let first = UserId::MIN;
        let memberships =
            self.memberships.range((group.id, first)..).take_while(|((id, _), _)| *id == group.id);
        let mut users: BTreeMap<_, _> = memberships.map(|((_, user), at)| (*user, Some(*at))).collect();
        users.entry(group.admin_id).or_default();
        users.into_iter().filter_map(|(user, joined_at)| group.member(user, joined_at)).collect()
    }

    fn find(&self, key: &GroupKey) -> Option<&Group> {
        match key {
            GroupKey::Id(id) => self.by_id.get(id),
            GroupKey::Name(name) => self.by_id.get(self.ids.get(name)?),
            GroupKey::Uuid(uuid) => self.by_id.values().find(|group| group.uuid == *uuid),
        }
    }

    fn change(
        &mut self,
        id: GroupId,
        change: &GroupChange,
        expected: &Expected,
        moment: Timestamp,
        limits: &Limits,
    ) -> Result<Group, ChangeGroupError> {
        let group = self.by_id.get(&id).ok_or(ChangeGroupError::NotFound)?.clone();
        let changed = group.apply(change, expected)?;
        if self.ids.get(&changed.name).is_some_and(|other| *other != id) {
            return Err(ChangeGroupError::NameTaken);
        }
        if let Some(memberships) = group.memberships_of_hand_over(&changed, moment) {
            if self.joined_at(id, changed.admin_id).is_none() {
                limits.admit_member(self.members(&group).len() as u64)?;
            }
            limits.admit_administrator(self.administered(changed.admin_id))?;
            for Member { user_id, joined_at, .. } in memberships {
                self.memberships.entry((id, user_id)).or_insert(joined_at);
            }
        }
        self.ids.remove(&group.name);
        self.store(&changed);
        Ok(changed)
    }

    fn delete(&mut self, id: GroupId, expected: &Expected) -> Result<Group, DeleteGroupError> {
        let group = self.by_id.get(&id).ok_or(DeleteGroupError::NotFound)?.clone();
        expected.check(group.version)?;
        self.by_id.remove(&id);
        self.ids.remove(&group.name);
        self.memberships.retain(|(group_id, _), _| *group_id != id);
        Ok(group)
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
}

#[async_trait]
impl MemberRepository for MemoryGroups {
    async fn join(&self, new: NewMember) -> Result<Joined, JoinError> {
        let mut state = lock(&self.state);
        let group = state.by_id.get(&new.group_id).ok_or(JoinError::GroupNotFound)?;
        let joined_at = state.joined_at(new.group_id, new.user_id);
        let is_limited = self.limits.members_per_group.is_set();
        let members = if is_limited { state.members(group).len() as u64 } else { 0 };
        let joined = group.join(&new, joined_at, members, &self.limits)?;
        if joined.is_new {
            state.memberships.insert((new.group_id, new.user_id), joined.member.joined_at);
        }
        Ok(joined)
    }

    async fn leave(&self, group_id: GroupId, user_id: UserId) -> Result<Member, LeaveError> {
        let mut state = lock(&self.state);
        let group = state.by_id.get(&group_id).ok_or(RefusedLeave::NotMember)?;
        let member = group.leave(user_id, state.joined_at(group_id, user_id))?;
        state.memberships.remove(&(group_id, user_id));
        Ok(member)
    }
}

#[async_trait]
impl MemberReader for MemoryGroups {
    async fn members(
        &self,
        group: &GroupKey,
        after: Option<UserId>,
        limit: u16,
    ) -> Result<Option<Vec<Member>>, StorageError> {
        let state = lock(&self.state);
        let Some(group) = state.find(group) else { return Ok(None) };
        let following = state.members(group).into_iter().filter(|member| Some(member.user_id) > after);
        Ok(Some(following.take(limit.into()).collect()))
    }

    async fn joined_groups(
        &self,
        user: UserId,
        after: Option<GroupId>,
        limit: u16,
    ) -> Result<Vec<Group>, StorageError> {
        let state = lock(&self.state);
        let joined = state.by_id.values().filter(|group| {
            Some(group.id) > after && group.member(user, state.joined_at(group.id, user)).is_some()
        });
        Ok(joined.take(limit.into()).cloned().collect())
    }

    async fn administered_groups(
        &self,
        user: UserId,
        after: Option<GroupId>,
        limit: u16,
    ) -> Result<Vec<Group>, StorageError> {
        let state = lock(&self.state);
        let administered =
            state.by_id.values().filter(|group| Some(group.id) > after && group.admin_id == user);
        Ok(administered.take(limit.into()).cloned().collect())
    }
}
