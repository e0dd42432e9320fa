//! The failures that every storage has in common.

/// A failure of the storage behind a port.
///
/// Every port carries it `#[error(transparent)]` beside the errors of its own, so that one place maps it to a reply.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The storage is away, full, read-only, locked or overloaded: a later retry may succeed.
    #[error("the storage is unavailable")]
    Unavailable(#[source] anyhow::Error),
    /// The storage failed for a reason that nobody foresaw.
    #[error("the storage failed")]
    Unknown(#[source] anyhow::Error),
}

impl StorageError {
    /// Tells whether a later retry may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
