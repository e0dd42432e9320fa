//! Failures common to all storage ports.

/// A failure of the storage behind a port.
///
/// Every port's error has a transparent variant for it, so that one place maps it to a reply.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The storage is unreachable, full, read-only, locked or overloaded: a later retry may succeed.
    #[error("the storage is unavailable")]
    Unavailable(#[source] anyhow::Error),
    /// The storage failed for an unexpected reason.
    #[error("the storage failed")]
    Unknown(#[source] anyhow::Error),
}

impl StorageError {
    /// Returns true if a later retry may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
