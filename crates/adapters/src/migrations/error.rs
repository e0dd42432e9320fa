//! Why the schema cannot be worked with.

use crate::Fault;

/// Why the schema is not the one that this binary works with.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A newer binary has been here, and changed what this one relies on.
    #[error(
        "the database is at schema version {database} and needs a program that knows version {oldest}; the newest that this program knows is {binary}; run the newer program"
    )]
    DatabaseNewer {
        /// The newest version in the database.
        database: String,
        /// The version that a program has to know.
        oldest: String,
        /// The newest version that this binary knows.
        binary: String,
    },
    /// Migrations are missing, and were not to be run.
    #[error(
        "the database lacks the schema versions {0}; run `gochat migrate`, or set database.migrate_on_start = true"
    )]
    Pending(String),
    /// A migration failed; those before it are in effect.
    #[error("the schema could not be brought up to date: {0}")]
    Failed(String),
    /// A migration failed again and again, each time after it had waited; those before it are in effect.
    #[error(
        "the schema could not be brought up to date: {0}; where another transaction holds the lock, end it (pg_blocking_pids and pg_stat_activity tell which), or run `gochat migrate` when it is over"
    )]
    Locked(String),
    /// Another instance was still at it when this one had waited long enough.
    #[error(
        "another instance is bringing the schema up to date, and is not done yet; start this one again when it is"
    )]
    Busy,
    /// The database cannot store every text; the name of its encoding.
    #[error(
        "the database's encoding is {0}, and this program needs UTF8; make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
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
    /// The error of Diesel's own migrations, which has no type.
    #[expect(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
    pub(super) fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self::Failed(error.to_string())
    }
}
