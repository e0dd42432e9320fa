//! The stored groups and memberships, and their changes.

use crate::rows::group_id;
use gochat_domain::{
    clock::Timestamp,
    group::{
        Expected, Group, GroupChange, GroupId, GroupKey, GroupName, Idempotency, IdempotencyRecord, NewGroup,
    },
    limits::Limits,
    member::Member,
    ports::{ChangeGroupError, CreateGroupError, DeleteGroupError, StorageError},
    user::UserId,
};
use std::collections::{BTreeMap, HashMap};

/// Groups and their members.
#[derive(Default)]
pub(super) struct State {
    pub(super) last_id: i64,
    pub(super) by_id: BTreeMap<GroupId, Group>,
    ids: HashMap<GroupName, GroupId>,
    pub(super) memberships: BTreeMap<(GroupId, UserId), Timestamp>,
    pub(super) recorded: HashMap<Idempotency, IdempotencyRecord>,
}

impl State {
    pub(super) fn create(&mut self, group: NewGroup, limits: &Limits) -> Result<Group, CreateGroupError> {
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

    pub(super) fn joined_at(&self, group_id: GroupId, user_id: UserId) -> Option<Timestamp> {
        self.memberships.get(&(group_id, user_id)).copied()
    }

    /// The members of `group`, in the order of user ids.
    pub(super) fn members(&self, group: &Group) -> Vec<Member> {
        let first = UserId::MIN;
        let memberships =
            self.memberships.range((group.id, first)..).take_while(|((id, _), _)| *id == group.id);
        let mut users: BTreeMap<_, _> = memberships.map(|((_, user), at)| (*user, Some(*at))).collect();
        users.entry(group.admin_id).or_default();
        users.into_iter().filter_map(|(user, joined_at)| group.member(user, joined_at)).collect()
    }

    pub(super) fn find(&self, key: &GroupKey) -> Option<&Group> {
        match key {
            GroupKey::Id(id) => self.by_id.get(id),
            GroupKey::Name(name) => self.by_id.get(self.ids.get(name)?),
            GroupKey::Uuid(uuid) => self.by_id.values().find(|group| group.uuid == *uuid),
        }
    }

    pub(super) fn change(
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

    pub(super) fn delete(&mut self, id: GroupId, expected: &Expected) -> Result<Group, DeleteGroupError> {
        let group = self.by_id.get(&id).ok_or(DeleteGroupError::NotFound)?.clone();
        expected.check(group.version)?;
        self.by_id.remove(&id);
        self.ids.remove(&group.name);
        self.memberships.retain(|(group_id, _), _| *group_id != id);
        Ok(group)
    }
}
