//! The ports that store API keys and authenticate callers.

use crate::{
    auth::{ApiKey, Caller, IssuedKey, KeyId, KeyUse},
    clock::Timestamp,
    ports::StorageError,
};
use async_trait::async_trait;

/// Stores API keys. Every implementation passes the contract suite of the adapters crate.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait ApiKeyRepository: Send + Sync {
    /// Stores a key. An implementation MUST store a digest of `key`, and MUST NOT store `key`.
    async fn insert(&self, key: &ApiKey, issued: &IssuedKey) -> Result<(), StorageError>;

    /// Returns the stored data of `key`, even if it is expired or revoked; `None` if it was never issued.
    async fn find(&self, key: &ApiKey) -> Result<Option<IssuedKey>, StorageError>;

    /// Returns all keys, oldest first.
    async fn list(&self) -> Result<Vec<IssuedKey>, StorageError>;

    /// Returns the keys whose ids are less than `before`, in descending order of ids, and at most `limit` of them.
    async fn list_before(&self, before: KeyId, limit: u16) -> Result<Vec<IssuedKey>, StorageError>;

    /// Marks the key as revoked at `at`, and returns whether it exists. A key that is already revoked keeps its first
    /// revocation time.
    async fn revoke(&self, id: KeyId, at: Timestamp) -> Result<bool, StorageError>;

    /// Stores the last uses of keys, and returns the keys whose use must be stored again later.
    ///
    /// An implementation
    /// - MUST NOT replace a time of last use by an earlier one, whichever instance has stored it;
    /// - MUST NOT wait for a key that another write changes, but return that key;
    /// - MUST ignore keys that do not exist.
    async fn record_uses(&self, uses: &[KeyUse]) -> Result<Vec<KeyId>, StorageError>;
}

/// Authenticates callers by their API keys.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Returns the caller that holds this key.
    ///
    /// An implementation MUST answer `Unauthorized` alike for unknown, expired and revoked keys. It MAY take up to 5
    /// seconds to notice a revocation.
    async fn authenticate(&self, key: &ApiKey) -> Result<Caller, AuthenticateError>;
}

/// The reason why a caller was not authenticated.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// The key is unknown, expired or revoked.
    #[error("the API key is missing or not valid")]
    Unauthorized,
    /// The key could not be looked up.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
