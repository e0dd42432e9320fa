//! PostgreSQL's advisory lock that each batch of new groups shares, from before it has ids until it is committed.
//!
//! Whoever excludes the batches sees every id that was ever given to a group: none is under way. The key is "groups" in
//! ASCII.

/// Taken by a batch.
pub(super) const SHARE: &str = "pg_advisory_xact_lock_shared(113741193900147)";

/// Taken to exclude all batches.
pub(super) const EXCLUDE: &str = "pg_advisory_xact_lock(113741193900147)";
