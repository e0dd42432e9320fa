//! The migrations that a program knows, and those of them that a database lacks.

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

/// The first of `known` that has not been run. Makes Diesel's table of versions where it is missing.
pub(super) fn first<DB: Backend>(
    connection: &mut impl MigrationHarness<DB>,
    known: &impl MigrationSource<DB>,
) -> Result<Option<Box<dyn Migration<DB>>>, MigrateError> {
    let applied = connection.applied_migrations().map_err(MigrateError::failed)?;
    let mut pending = known.migrations().map_err(MigrateError::failed)?;
    pending.retain(|migration| !applied.contains(&migration.name().version()));
    Ok(pending.into_iter().min_by(|a, b| a.name().version().cmp(&b.name().version())))
}

/// Runs a migration and records that, in a transaction unless the migration is marked otherwise; returns its version.
pub(super) fn run<DB: Backend>(
    connection: &mut impl MigrationHarness<DB>,
    migration: &dyn Migration<DB>,
) -> Result<String, MigrateError> {
    let version = migration.name().version().to_string();
    match connection.run_migration(migration) {
        Ok(_) => Ok(version),
        // Diesel names the migration in some of its errors.
        Err(error) => Err(MigrateError::Failed(format!("migration {version}: {error}"))),
    }
}
