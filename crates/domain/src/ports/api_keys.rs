//! The ports through which keys are stored and callers are known.

use crate::{
    auth::{ApiKey, Caller, IssuedKey, KeyId},
    clock::Timestamp,
    ports::StorageError,
};
use async_trait::async_trait;

/// Keeps the keys on record. Every implementation passes the contract suite of the adapters crate.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait ApiKeyRepository: Send + Sync {
    /// Puts a key on record. An implementation MUST store a digest of `key`, and MUST NOT store `key`.
    async fn insert(&self, key: &ApiKey, issued: &IssuedKey) -> Result<(), StorageError>;

    /// What is on record of `key`, be it expired or revoked; `None` for a key that was never issued.
    async fn find(&self, key: &ApiKey) -> Result<Option<IssuedKey>, StorageError>;

    /// Every key on record, the oldest first.
    async fn list(&self) -> Result<Vec<IssuedKey>, StorageError>;

    /// Marks the key as revoked at `at`, and says whether it is on record. A key that was revoked before keeps the
    /// moment at which it was.
    async fn revoke(&self, id: KeyId, at: Timestamp) -> Result<bool, StorageError>;
}

/// Tells who shows a key.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// The caller whose key this is.
    ///
    /// An implementation MUST refuse a key that is unknown, expired or revoked with `Unauthorized`, the same for all
    /// three; it MAY take up to 5 seconds to notice that a key was revoked.
    async fn authenticate(&self, key: &ApiKey) -> Result<Caller, AuthenticateError>;
}

/// Why a caller was not let in.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// The key is unknown, expired or revoked.
    #[error("the API key is missing or not valid")]
    Unauthorized,
    /// Whether the key holds could not be found out.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
