//! Errors of migrations and of the schema check.

use crate::Fault;

/// The reason why the program cannot work with the schema.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A newer program changed something that this one relies on.
    #[error(
        "the database is at schema version {database} and needs a program that knows version {oldest}; the newest that this program knows is {binary}; run the newer program"
    )]
    DatabaseNewer {
        /// The newest version in the database.
        database: String,
        /// The version that a program must know at least.
        oldest: String,
        /// The newest version that this program knows.
        binary: String,
    },
    /// Migrations are pending, and the configuration says not to run them.
    #[error(
        "the database lacks the schema versions {0}; run `gochat migrate`, or set database.migrate_on_start = true"
    )]
    Pending(String),
    /// A migration failed; earlier ones are committed.
    #[error("the schema could not be brought up to date: {0}")]
    Failed(String),
    /// A migration failed repeatedly, each time after waiting for a lock; earlier ones are committed.
    #[error(
        "the schema could not be brought up to date: {0}; if another transaction holds a lock, end that transaction (pg_blocking_pids and pg_stat_activity show it), or run `gochat migrate` after it has ended"
    )]
    Locked(String),
    /// Another instance was still migrating when the wait for it timed out.
    #[error(
        "another instance is still bringing the schema up to date; start this one again when it has finished"
    )]
    Busy,
    /// The database has this encoding, which cannot store every text.
    #[error(
        "the database's encoding is {0}, and this program needs UTF8; create a database with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding(String),
    /// The database could not be reached.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<diesel::result::Error> for MigrateError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl MigrateError {
    /// Converts Diesel's migration error, which has no type.
    #[expect(clippy::needless_pass_by_value, reason = "`map_err` passes it by value")]
    pub(super) fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self::Failed(error.to_string())
    }
}
