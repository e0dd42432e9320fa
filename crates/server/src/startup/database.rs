//! The configured database.

use crate::settings::DatabaseSettings;
use anyhow::Context;
use gochat_adapters::Database;

/// Opens the database. Migrates the schema, or checks it if migration is off.
pub(crate) fn open(settings: &DatabaseSettings) -> anyhow::Result<Database> {
    let database = connect(settings)?;
    if settings.migrate_on_start {
        migrate(&database, settings, &|version| tracing::info!("migrated the database to {version}"))?;
    } else {
        database.check_schema().with_context(|| in_setting(settings))?;
    }
    Ok(database)
}

/// Opens the database without checking its schema.
pub(crate) fn connect(settings: &DatabaseSettings) -> anyhow::Result<Database> {
    Database::connect(&settings.url, settings.options).with_context(|| in_setting(settings))
}

/// Runs the pending migrations, and returns their versions. Calls `progress` after each one.
pub(crate) fn migrate(
    database: &Database,
    settings: &DatabaseSettings,
    progress: &dyn Fn(&str),
) -> anyhow::Result<Vec<String>> {
    database.migrate_with_progress(progress).with_context(|| in_setting(settings))
}

fn in_setting(settings: &DatabaseSettings) -> String {
    format!("database.url = \"{}\" cannot be used", settings.url)
}
