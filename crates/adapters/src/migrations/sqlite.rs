//! Runs migrations on SQLite.

use super::{MigrateError, pending};
use diesel::{SqliteConnection, migration::MigrationSource, sqlite::Sqlite};

/// Runs the first pending migration of `known`, and returns its version.
///
/// Its transaction locks the file, and waits for the lock up to `busy_timeout`. The mark to run outside a transaction
/// has no effect on SQLite.
pub(super) fn run_next(
    connection: &mut SqliteConnection,
    known: &impl MigrationSource<Sqlite>,
) -> Result<Option<String>, MigrateError> {
    connection.exclusive_transaction(|connection| {
        let Some(migration) = pending::first(connection, known)? else { return Ok(None) };
        Ok(Some(pending::run(connection, &*migration)?))
    })
}
