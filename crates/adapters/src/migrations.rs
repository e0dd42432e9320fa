//! The schema: embedded, brought up to date one migration at a time, refused when it needs a newer program.

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

/// Is told a version as soon as its migration is in effect.
pub(crate) type Progress<'a> = &'a dyn Fn(&str);

/// Limits of the waits on PostgreSQL; on SQLite there is `busy_timeout`.
struct Limits {
    /// The longest wait for one lock, during which all others queue behind the migration.
    lock_timeout: Duration,
    /// A migration that fails sooner has not waited for a lock.
    shortest_wait: Duration,
    /// Time in which a migration that waited in vain is tried again.
    lock_retries: Duration,
    /// Longest wait for another instance, and of a migration outside a transaction for a lock.
    instance_wait: Duration,
}

const LIMITS: Limits = Limits {
    // Above PostgreSQL's `deadlock_timeout`, after which it ends an autovacuum that is in the way.
    lock_timeout: Duration::from_secs(3),
    // PostgreSQL's `deadlock_timeout`, unless somebody changed it.
    shortest_wait: Duration::from_secs(1),
    lock_retries: Duration::from_secs(60),
    instance_wait: Duration::from_secs(600),
};

/// Brings the schema up to date, and returns the versions that were run.
///
/// Each migration is run in a transaction of its own, under a lock: of several instances that start at once, each finds
/// done what another one did. One that is marked to run outside a transaction is run on a connection that `open` gives.
pub(crate) fn migrate(
    connection: &mut AnyConnection,
    open: Open,
    progress: Progress,
) -> Result<Vec<String>, MigrateError> {
    run(connection, &embedded(connection), open, progress, &LIMITS)
}

/// Passes if the schema is one that this binary works with. Only reads, without a lock, so it also works for a role
/// that may not change the schema.
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
    // A newer instance may have gone further meanwhile.
    check_in_transaction(connection, known)?;
    Ok(done)
}

/// A pooler of transactions then sends the queries, and what Diesel prepares for them, to one server connection.
fn check_in_transaction<S>(connection: &mut AnyConnection, known: &S) -> Result<(), MigrateError>
where
    S: MigrationSource<Sqlite> + MigrationSource<Pg>,
{
    connection.batch_execute("BEGIN")?;
    let result = state::check(connection, known);
    connection.batch_execute("ROLLBACK")?;
    result
}
