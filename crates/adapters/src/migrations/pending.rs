//! Known migrations, and those that are pending in a database.

use super::MigrateError;
use diesel::{
    backend::Backend,
    migration::{Migration, MigrationSource},
};
use diesel_migrations::MigrationHarness;
use std::collections::BTreeSet;

/// The versions of `known`.
pub(super) fn versions<DB: Backend>(
    known: &impl MigrationSource<DB>,
) -> Result<BTreeSet<String>, MigrateError> {
    let migrations = known.migrations().map_err(MigrateError::failed)?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}

/// Returns the first pending migration of `known`. Creates Diesel's version table if it is missing.
pub(super) fn first<DB: Backend>(
    connection: &mut impl MigrationHarness<DB>,
    known: &impl MigrationSource<DB>,
) -> Result<Option<Box<dyn Migration<DB>>>, MigrateError> {
    let applied = connection.applied_migrations().map_err(MigrateError::failed)?;
    let mut pending = known.migrations().map_err(MigrateError::failed)?;
    pending.retain(|migration| !applied.contains(&migration.name().version()));
    Ok(pending.into_iter().min_by(|a, b| a.name().version().cmp(&b.name().version())))
}

/// Runs and records a migration, in a transaction unless it is marked otherwise. Returns its version.
pub(super) fn run<DB: Backend>(
    connection: &mut impl MigrationHarness<DB>,
    migration: &dyn Migration<DB>,
) -> Result<String, MigrateError> {
    let version = migration.name().version().to_string();
    match connection.run_migration(migration) {
        Ok(_) => Ok(version),
        // Diesel names the migration only in some of its errors.
        Err(error) => Err(MigrateError::Failed(format!("migration {version}: {error}"))),
    }
}
