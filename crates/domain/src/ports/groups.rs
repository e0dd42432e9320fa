//! The ports that store and find groups.

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
    /// - MUST NOT return `Ok` before the group is durable: it survives a crash of the process or the machine;
    /// - MUST store every field as given, and return what it stored;
    /// - MUST answer `NameTaken` if a stored group has the same name, byte for byte;
    /// - MUST store exactly one of several concurrent requests for one name;
    /// - MUST assign ids from 1 up and never reuse one, not even after a delete;
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
}
