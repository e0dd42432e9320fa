//! PostgreSQL migrations that are marked to run outside a transaction.

use super::{Limits, MigrateError, pending};
use crate::{
    Fault,
    connection::{AnyConnection, OpenConnection},
};
use diesel::{PgConnection, connection::SimpleConnection, migration::Migration, pg::Pg};

/// Runs a migration that is marked to run outside a transaction. Another connection holds the migration lock.
///
/// An interrupted attempt may have left an invalid index, which `down.sql` removes.
pub(super) fn run(
    mut other: OpenConnection,
    migration: &dyn Migration<Pg>,
    limits: &Limits,
) -> Result<String, MigrateError> {
    let AnyConnection::Postgres(other) = &mut *other else {
        return Err(Fault::Unknown("two connections to one database have different types".into()).into());
    };
    // `CREATE INDEX CONCURRENTLY` waits for all older transactions, and blocks nobody meanwhile.
    other.batch_execute(&format!(
        "SET statement_timeout = 0; SET lock_timeout = {}",
        limits.instance_wait.as_millis()
    ))?;
    let result = revert_and_run(other, migration);
    // Behind a transaction-mode pooler the server connection serves other clients next.
    let reset = other.batch_execute("RESET statement_timeout; RESET lock_timeout");
    let version = result?;
    reset?;
    Ok(version)
}

/// Runs the migration after reverting what an interrupted attempt may have left.
fn revert_and_run(
    connection: &mut PgConnection,
    migration: &dyn Migration<Pg>,
) -> Result<String, MigrateError> {
    migration.revert(connection).map_err(MigrateError::failed)?;
    pending::run(connection, migration).inspect_err(|_| {
        if let Err(error) = migration.revert(connection) {
            tracing::warn!(%error, "a failed migration could not be reverted; a retry reverts it first");
        }
    })
}
