//! The embedded migrations, run one at a time. A schema that needs a newer program is refused.

mod error;
mod no_transaction;
mod pending;
mod postgres;
mod retry;
mod sqlite;
mod state;
#[cfg(test)]
mod tests;

pub use error::MigrateError;

use crate::{
    Fault,
    connection::{AnyConnection, OpenConnection},
};
use diesel::{connection::SimpleConnection, migration::MigrationSource, pg::Pg, sqlite::Sqlite};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use std::time::Duration;

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Opens another connection to the same database.
pub(crate) type Open<'a> = &'a dyn Fn() -> Result<OpenConnection, Fault>;

/// Receives each version once its migration is committed.
pub(crate) type Progress<'a> = &'a dyn Fn(&str);

/// Time limits on PostgreSQL; SQLite has `busy_timeout`.
struct Limits {
    /// Longest wait for one lock. Meanwhile, other transactions that use the table queue behind the migration.
    lock_timeout: Duration,
    /// A migration that fails after at least this time counts as one that timed out waiting for a lock. One that fails
    /// sooner is not retried.
    lock_wait_threshold: Duration,
    /// Time for which a migration is retried after a lock timeout.
    lock_retries: Duration,
    /// Longest wait for another migrating instance. Also the lock timeout of a migration outside a transaction.
    instance_wait: Duration,
}

const LIMITS: Limits = Limits {
    // Above PostgreSQL's `deadlock_timeout`, after which it cancels a blocking autovacuum.
    lock_timeout: Duration::from_secs(3),
    // PostgreSQL's default `deadlock_timeout`.
    lock_wait_threshold: Duration::from_secs(1),
    lock_retries: Duration::from_secs(60),
    instance_wait: Duration::from_secs(600),
};

/// Brings the schema up to date, and returns the versions that were run.
///
/// Each migration runs in a transaction of its own, under a lock, so that concurrent instances run each migration
/// once. A migration that is marked to run outside a transaction runs on a connection from `open`.
pub(crate) fn migrate(
    connection: &mut AnyConnection,
    open: Open,
    progress: Progress,
) -> Result<Vec<String>, MigrateError> {
    run(connection, &embedded(connection), open, progress, &LIMITS)
}

/// Checks that this binary works with the schema. Only reads, and takes no lock, so it also works for a role without
/// the right to change the schema.
pub(crate) fn check(connection: &mut AnyConnection) -> Result<(), MigrateError> {
    state::check(connection, &embedded(connection))
}

fn embedded(connection: &AnyConnection) -> EmbeddedMigrations {
    match connection {
        AnyConnection::Sqlite(_) => SQLITE,
        AnyConnection::Postgres(_) => POSTGRES,
    }
}

fn run<S>(
    connection: &mut AnyConnection,
    known: &S,
    open: Open,
    progress: Progress,
    limits: &Limits,
) -> Result<Vec<String>, MigrateError>
where
    S: MigrationSource<Sqlite> + MigrationSource<Pg>,
{
    match check_in_transaction(connection, known) {
        Err(MigrateError::Pending(_)) => {}
        result => return result.map(|()| Vec::new()),
    }
    let mut done = Vec::new();
    while let Some(version) = match connection {
        AnyConnection::Sqlite(sqlite) => sqlite::run_next(sqlite, known)?,
        AnyConnection::Postgres(postgres) => postgres::run_next(postgres, known, open, limits)?,
    } {
        progress(&version);
        done.push(version);
    }
    // A newer instance may have migrated further meanwhile.
    check_in_transaction(connection, known)?;
    Ok(done)
}

/// Checks the schema in a transaction, so that a transaction-mode pooler sends the queries, and Diesel's prepared
/// statements, to one server connection.
fn check_in_transaction<S>(connection: &mut AnyConnection, known: &S) -> Result<(), MigrateError>
where
    S: MigrationSource<Sqlite> + MigrationSource<Pg>,
{
    connection.batch_execute("BEGIN")?;
    let result = state::check(connection, known);
    connection.batch_execute("ROLLBACK")?;
    result
}
