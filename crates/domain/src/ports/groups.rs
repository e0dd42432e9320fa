//! The ports that store, change and find groups.

use super::{PendingAnswer, StorageError};
use crate::{
    clock::Timestamp,
    group::{
        Created, Expected, Group, GroupChange, GroupId, GroupKey, GroupName, GroupNamePrefix, Idempotency,
        InvalidGroupName, NewGroup, PreconditionFailed, RefusedChange,
    },
    limits::{GroupFull, TooManyGroups},
};
use async_trait::async_trait;
use std::future::ready;

/// Stores groups. Every implementation passes the contract suite of the adapters crate.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait GroupRepository: Send + Sync {
    /// Stores `group`, and returns it with its id.
    ///
    /// An implementation
    /// - MUST NOT return `Ok` before the group is durable: it survives a crash of the process or the machine;
    /// - MUST store every field as given, and return what it stored;
    /// - MUST answer `NameTaken` if a stored group has the same name, byte for byte;
    /// - MUST store exactly one of several concurrent requests for one name;
    /// - MUST assign ids from 1 up and never reuse one, not even after a delete;
    /// - MUST refuse the group if a limit would be exceeded, under any concurrency and on any number of instances;
    /// - MUST answer in bounded time, and with `Unavailable` if a later retry may succeed;
    /// - MAY have stored the group although it answers `Unavailable`, or although the caller is gone.
    ///
    /// With an `idempotency`, an implementation MUST also record the request and the created group in the same
    /// transaction. If the caller has used the key before, an implementation
    /// - MUST answer as [`IdempotencyRecord::replay`](crate::group::IdempotencyRecord::replay) decides, even if the
    ///   group was changed or deleted since, and MUST NOT store another group;
    /// - MUST do so for concurrent requests too, and after a restart;
    /// - MUST NOT record a request that it refuses.
    async fn create(
        &self,
        group: NewGroup,
        idempotency: Option<Idempotency>,
    ) -> Result<Created, CreateGroupError>;

    /// Waits until the storage takes `group`, and returns a future of the answer that [`create`](Self::create) would
    /// return.
    ///
    /// For callers with many groups: they pass the next group without waiting for the answer. An implementation
    /// - MUST keep the order: of two groups with one name, the group that was taken first is stored;
    /// - MUST bound the number of groups that wait for their answers, and make the caller wait instead of refusing a
    ///   group, as long as the storage makes progress;
    /// - MUST NOT make the writes of other callers wait until all groups of this caller are stored.
    async fn enqueue_create(
        &self,
        group: NewGroup,
        idempotency: Option<Idempotency>,
    ) -> PendingAnswer<Created, CreateGroupError> {
        Box::pin(ready(self.create(group, idempotency).await))
    }

    /// Changes the group with this id as [`Group::apply`] decides, and returns it as it is afterwards.
    ///
    /// An implementation
    /// - MUST apply concurrent changes of a group one after another, each to what the one before stored;
    /// - MUST answer `NameTaken` if another group has the name, and free the old name;
    /// - MUST store each of the [memberships of a hand-over](Group::memberships_of_hand_over) that does not exist yet;
    /// - MUST refuse a hand-over by which a limit would be exceeded;
    /// - MUST NOT return `Ok` before the change is durable;
    /// - MUST answer `Unavailable` if it cannot tell whether the change was stored.
    async fn change(
        &self,
        id: GroupId,
        change: GroupChange,
        expected: Expected,
        moment: Timestamp,
    ) -> Result<Group, ChangeGroupError>;

    /// Deletes the group with this id, and returns it as it was.
    ///
    /// An implementation
    /// - MUST delete its memberships with it, and never store one of a deleted group;
    /// - MUST free its name, and MUST NOT reuse its id;
    /// - MUST NOT return `Ok` before the delete is durable;
    /// - MUST answer `Unavailable` if it cannot tell whether the group was deleted.
    async fn delete(&self, id: GroupId, expected: Expected) -> Result<Group, DeleteGroupError>;
}

/// The reason why a group was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateGroupError {
    /// A group of that name exists.
    #[error("a group of that name exists")]
    NameTaken,
    /// The caller used this Idempotency-Key for a different request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// A limit would be exceeded.
    #[error(transparent)]
    TooManyGroups(#[from] TooManyGroups),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl CreateGroupError {
    /// Returns true if a later retry may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Storage(error) if error.is_transient())
    }
}

/// The reason why a group was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeGroupError {
    /// No group has the id.
    #[error("there is no such group")]
    NotFound,
    /// The group has a version that the caller does not expect.
    #[error(transparent)]
    PreconditionFailed(#[from] PreconditionFailed),
    /// The name breaks a rule of new names.
    #[error(transparent)]
    InvalidName(#[from] InvalidGroupName),
    /// Another group has the name.
    #[error("a group of that name exists")]
    NameTaken,
    /// The new administrator has too many groups.
    #[error(transparent)]
    TooManyGroups(#[from] TooManyGroups),
    /// The new administrator is not a member, and the group has no room for another one.
    #[error(transparent)]
    GroupFull(#[from] GroupFull),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<RefusedChange> for ChangeGroupError {
    fn from(refused: RefusedChange) -> Self {
        match refused {
            RefusedChange::PreconditionFailed(error) => Self::PreconditionFailed(error),
            RefusedChange::InvalidName(error) => Self::InvalidName(error),
        }
    }
}

/// The reason why a group was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteGroupError {
    /// No group has the id.
    #[error("there is no such group")]
    NotFound,
    /// The group has a version that the caller does not expect.
    #[error(transparent)]
    PreconditionFailed(#[from] PreconditionFailed),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Finds groups. Every implementation passes the contract suite of the adapters crate.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait GroupReader: Send + Sync {
    /// Returns the group with this key, every field as it was stored.
    ///
    /// An implementation MUST find a group as soon as [`GroupRepository::create`] has returned it.
    async fn find(&self, key: &GroupKey) -> Result<Option<Group>, StorageError>;

    /// Returns the first `limit` groups whose id is above `after`, ordered by id.
    ///
    /// Paging by the last id of each page MUST return every group exactly once, even during concurrent creates. So an
    /// implementation MUST NOT return a group while a group with a smaller id may still appear.
    async fn list(&self, after: Option<GroupId>, limit: u16) -> Result<Vec<Group>, StorageError>;

    /// Returns the first `limit` groups whose name begins with `prefix` and is above `after`, ordered by name, byte for
    /// byte.
    ///
    /// Paging by the last name of each page MUST return a group exactly once if it keeps its name during the whole walk.
    async fn list_by_name(
        &self,
        prefix: &GroupNamePrefix,
        after: Option<GroupName>,
        limit: u16,
    ) -> Result<Vec<Group>, StorageError>;
}
