//! The ports of members.

use super::{MemoryGroups, state::State};
use crate::memory::lock;
use async_trait::async_trait;
use gochat_domain::{
    group::{Group, GroupId, GroupKey},
    member::{Joined, ListedMember, Member, NewMember, RefusedLeave},
    ports::{JoinError, LeaveError, MemberReader, MemberRepository, StorageError},
    user::UserId,
};

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

    async fn all_members(
        &self,
        after: Option<(GroupId, UserId)>,
        limit: u16,
    ) -> Result<Vec<ListedMember>, StorageError> {
        let state = lock(&self.state);
        let members = state.by_id.values().flat_map(|group| {
            let listed = |member| ListedMember { member, group_name: group.name.clone() };
            state.members(group).into_iter().map(listed)
        });
        Ok(members.filter(|listed| Some(listed.key()) > after).take(limit.into()).collect())
    }

    async fn joined_groups(
        &self,
        user: UserId,
        after: Option<GroupId>,
        limit: u16,
    ) -> Result<Vec<Group>, StorageError> {
        let state = lock(&self.state);
        let is_member = |group: &Group| group.member(user, state.joined_at(group.id, user)).is_some();
        Ok(groups(&state, after, limit, is_member))
    }

    async fn administered_groups(
        &self,
        user: UserId,
        after: Option<GroupId>,
        limit: u16,
    ) -> Result<Vec<Group>, StorageError> {
        Ok(groups(&lock(&self.state), after, limit, |group| group.admin_id == user))
    }
}

/// Returns the first `limit` groups above `after` that pass.
fn groups(state: &State, after: Option<GroupId>, limit: u16, passes: impl Fn(&Group) -> bool) -> Vec<Group> {
    let following = state.by_id.values().filter(|group| Some(group.id) > after && passes(group));
    following.take(limit.into()).cloned().collect()
}
