//! Options of a queue.

use gochat_domain::limits::Limits;
use std::time::Duration;

/// Options of a queue.
#[derive(Debug, Clone, Copy)]
pub struct CommitOptions {
    /// Maximum number of writes in a transaction.
    pub batch: usize,
    /// Maximum number of waiting writes; further ones are refused at once.
    pub queue: usize,
    /// Number of writers, each with a connection of its own; SQLite always has one.
    pub writers: usize,
    /// Longest wait of a write for its answer.
    pub timeout: Duration,
    /// Limits on groups and members.
    pub limits: Limits,
}
