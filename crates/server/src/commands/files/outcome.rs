//! The outcome for a record of an import.

/// The outcome for a record. In a dry run, it is the one that an import would have.
pub(in crate::commands) enum Outcome<K> {
    Created,
    /// Dry run: the database has nothing with this key.
    WouldCreate(K),
    AlreadyExists,
    Refused(String),
}
