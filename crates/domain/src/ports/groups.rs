//! The port through which groups are stored.

use crate::group::{Group, NewGroup};
use async_trait::async_trait;

/// Stores groups. Every implementation passes the contract suite of the adapters crate.
#[cfg_attr(feature = "mock", mockall::automock)]
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
    async fn create(&self, group: NewGroup) -> Result<Group, CreateGroupError>;
}

/// Why a group was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateGroupError {
    /// A group of that name exists. The text is the one that the seed page of the API shows.
    #[error("UNIQUE constraint failed: GROUPS.NAME")]
    NameTaken,
    /// The storage is away, full, read-only, locked or overloaded: the caller may retry.
    #[error("the group storage is unavailable")]
    Unavailable(#[source] anyhow::Error),
    /// Something that nobody foresaw.
    #[error("the group could not be stored")]
    Unknown(#[source] anyhow::Error),
}
