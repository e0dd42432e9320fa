//! The port that stores the secrets of the dashboard.

use super::StorageError;
use crate::{
    auth::{DashboardLink, DashboardSecret, DashboardSession},
    clock::Timestamp,
};
use async_trait::async_trait;

/// Stores the links and the sessions of the dashboard. Every implementation passes the contract suite of the adapters
/// crate.
///
/// An implementation MUST store a digest of each secret, and MUST NOT store the secret. When it stores a link or a
/// session, it MUST delete all that had expired at `now`.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait DashboardSecretRepository: Send + Sync {
    /// Stores a link.
    async fn insert_link(&self, link: &DashboardLink, now: Timestamp) -> Result<(), StorageError>;

    /// Deletes the link with the secret `link`, stores `session`, and returns true. Stores nothing and returns false if
    /// the link is unknown, or has expired at `now`.
    ///
    /// If one link is opened by several concurrent requests, on any number of instances, an implementation MUST answer
    /// exactly one with true.
    async fn open_link(
        &self,
        link: &DashboardSecret,
        session: &DashboardSession,
        now: Timestamp,
    ) -> Result<bool, StorageError>;

    /// Returns the expiry of the session with the secret `session`; `None` if there is none. An expired session MAY be
    /// returned, or not.
    async fn find_session(&self, session: &DashboardSecret) -> Result<Option<Timestamp>, StorageError>;

    /// Deletes all links and all sessions.
    async fn revoke_all(&self) -> Result<(), StorageError>;
}
