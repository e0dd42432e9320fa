//! The ports that store and find the members of groups.

use super::{PendingAnswer, StorageError};
use crate::{
    group::{Group, GroupId, GroupKey},
    member::{Joined, ListedMember, Member, NewMember, RefusedJoin, RefusedLeave},
    user::UserId,
};
use async_trait::async_trait;
use std::future::ready;

/// Stores memberships. Every implementation passes the contract suite of the adapters crate.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait MemberRepository: Send + Sync {
    /// Makes a user a member as [`Group::join`] decides.
    ///
    /// An implementation
    /// - MUST store only one membership of a user in a group, under any concurrency and on any number of instances;
    /// - MUST enforce a limit on members exactly, if one is set, under any concurrency and on any number of instances;
    /// - MUST NOT store a membership of a group that is deleted;
    /// - MUST NOT return `Ok` before the membership is durable.
    async fn join(&self, new: NewMember) -> Result<Joined, JoinError>;

    /// Waits until the storage takes the join, and returns a future of the answer that [`join`](Self::join) would
    /// return. The rules of [`GroupRepository::enqueue_create`](super::GroupRepository::enqueue_create) apply to joins,
    /// too.
    async fn enqueue_join(&self, new: NewMember) -> PendingAnswer<Joined, JoinError> {
        Box::pin(ready(self.join(new).await))
    }

    /// Ends a membership as [`Group::leave`] decides, and returns it as it was.
    ///
    /// An implementation
    /// - MUST NOT return `Ok` before the end of the membership is durable;
    /// - MUST answer `Unavailable` if it cannot tell whether the membership was ended.
    async fn leave(&self, group_id: GroupId, user_id: UserId) -> Result<Member, LeaveError>;
}

/// The reason why a user was not made a member.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// No group has the id.
    #[error("there is no such group")]
    GroupNotFound,
    /// The group refuses the user.
    #[error(transparent)]
    Refused(#[from] RefusedJoin),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The reason why a membership was not ended.
#[derive(Debug, thiserror::Error)]
pub enum LeaveError {
    /// There is no such membership, or the user administers the group.
    #[error(transparent)]
    Refused(#[from] RefusedLeave),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Finds members, and the groups of users. Every implementation passes the contract suite of the adapters crate.
///
/// Each list is in the order of a key that never changes. In a walk from page to page, each page begins after the last
/// key of the previous one. An implementation MUST return every item that exists during the whole walk exactly once.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait MemberReader: Send + Sync {
    /// Returns the first `limit` members whose user ids are above `after`, ordered by user id; `None` if no group has
    /// this key. The administrator is among them, with or without a membership.
    async fn members(
        &self,
        group: &GroupKey,
        after: Option<UserId>,
        limit: u16,
    ) -> Result<Option<Vec<Member>>, StorageError>;

    /// Returns the first `limit` members of all groups whose keys are above `after`, ordered by their keys. The
    /// administrator of each group is among them, with or without a membership.
    async fn all_members(
        &self,
        after: Option<(GroupId, UserId)>,
        limit: u16,
    ) -> Result<Vec<ListedMember>, StorageError>;

    /// Returns the first `limit` groups whose ids are above `after` and that the user is a member or the administrator
    /// of, ordered by id.
    async fn joined_groups(
        &self,
        user: UserId,
        after: Option<GroupId>,
        limit: u16,
    ) -> Result<Vec<Group>, StorageError>;

    /// Returns the first `limit` groups whose ids are above `after` and that the user administers, ordered by id.
    async fn administered_groups(
        &self,
        user: UserId,
        after: Option<GroupId>,
        limit: u16,
    ) -> Result<Vec<Group>, StorageError>;
}
