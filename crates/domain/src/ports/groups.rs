//! The ports through which groups are stored and found.

use super::StorageError;
use crate::group::{Created, Group, GroupId, GroupKey, Idempotency, NewGroup};
use async_trait::async_trait;

/// Stores groups. Every implementation passes the contract suite of the adapters crate.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait GroupRepository: Send + Sync {
    /// Stores `group`, and returns it with its id.
    ///
    /// An implementation
    /// - MUST NOT return `Ok` before the group is durable: it is there after a crash of the process or the machine;
    /// - MUST store every field as given, and return what it stored;
    /// - MUST refuse a name that is stored already, byte for byte, with `NameTaken`, and among concurrent requests
    ///   for one name store exactly one;
    /// - MUST give ids from 1 up, and never the same twice, also after a delete;
    /// - MUST answer in bounded time, and with `Unavailable` where a later retry may succeed;
    /// - MAY have stored the group when it answers `Unavailable`; the caller may also go away before the answer.
    ///
    /// With an `idempotency`, an implementation MUST also record, in the same transaction, what was asked for and what
    /// was created. Where that caller used that key before, it
    /// - MUST decide by [`Recorded::replay`](crate::group::Recorded::replay), whatever became of the group since, and
    ///   MUST NOT store another one;
    /// - MUST do so for concurrent requests too, and after a restart;
    /// - MUST NOT record a request that it refuses.
    async fn create(
        &self,
        group: NewGroup,
        idempotency: Option<Idempotency>,
    ) -> Result<Created, CreateGroupError>;
}

/// The reason why a group was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateGroupError {
    /// A group of that name exists.
    #[error("a group of that name exists")]
    NameTaken,
    /// The same caller asked for another group under the same key.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl CreateGroupError {
    /// Tells whether a later retry may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Storage(error) if error.is_transient())
    }
}

/// Finds groups. Every implementation passes the contract suite of the adapters crate.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait GroupReader: Send + Sync {
    /// The group that has this key, every field as it was stored.
    ///
    /// An implementation MUST find a group from the moment at which [`GroupRepository::create`] returned it.
    async fn find(&self, key: &GroupKey) -> Result<Option<Group>, StorageError>;

    /// The first `limit` groups whose id is above `after`, in the order of ids.
    ///
    /// Whoever asks again with the last id of the answer meets every group once, also while groups are created. So an
    /// implementation MUST NOT return a group as long as one with a smaller id may still appear.
    async fn list(&self, after: Option<GroupId>, limit: u16) -> Result<Vec<Group>, StorageError>;
}
