//! One migration on SQLite.

use super::{MigrateError, pending};
use diesel::{SqliteConnection, migration::MigrationSource, sqlite::Sqlite};

/// Runs the first migration of `known` that is pending, and returns its version.
///
/// Its transaction locks the file, for which it waits as long as `busy_timeout` says. A migration that is marked to run
/// outside a transaction runs in it all the same.
pub(super) fn run_next(
    connection: &mut SqliteConnection,
    known: &impl MigrationSource<Sqlite>,
) -> Result<Option<String>, MigrateError> {
    connection.exclusive_transaction(|connection| {
        let Some(migration) = pending::first(connection, known)? else { return Ok(None) };
        Ok(Some(pending::run(connection, &*migration)?))
    })
}
