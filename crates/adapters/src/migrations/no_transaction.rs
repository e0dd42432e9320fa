//! A migration of PostgreSQL that is marked to run outside a transaction.

use super::{Limits, MigrateError, pending};
use crate::{
    Fault,
    connection::{AnyConnection, OpenConnection},
};
use diesel::{connection::SimpleConnection, migration::Migration, pg::Pg};

/// Runs a migration that is marked to run outside a transaction. The lock is held by another connection.
///
/// An attempt that was cut short may have left an index that is not valid; `down.sql` removes it.
pub(super) fn run(
    mut other: OpenConnection,
    migration: &dyn Migration<Pg>,
    limits: &Limits,
) -> Result<String, MigrateError> {
    let AnyConnection::Postgres(other) = &mut *other else {
        return Err(Fault::Unknown("two connections to one database are of two kinds".into()).into());
    };
    // It waits for all transactions that are older, and nobody waits for it meanwhile. Behind a pooler of transactions this
    // may stay with the server's connection, and is long enough to harm nobody.
    other.batch_execute(&format!(
        "SET statement_timeout = 0; SET lock_timeout = {}",
        limits.instance_wait.as_millis()
    ))?;
    migration.revert(other).map_err(MigrateError::failed)?;
    pending::run(other, migration).inspect_err(|_| {
        if let Err(error) = migration.revert(other) {
            tracing::warn!(%error, "what is left of a migration that failed is removed when it is run again");
        }
    })
}
