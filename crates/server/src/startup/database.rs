//! The database of the settings.

use crate::settings::DatabaseSettings;
use anyhow::Context;
use gochat_adapters::Database;

/// The database of the settings, its schema up to date.
pub(crate) fn open(settings: &DatabaseSettings) -> anyhow::Result<Database> {
    let database = connect(settings)?;
    if settings.migrate_on_start {
        migrate(&database, settings, &|version| tracing::info!("migrated the database to {version}"))?;
    } else {
        database.check_schema().with_context(|| in_setting(settings))?;
    }
    Ok(database)
}

/// The database of the settings, as it is.
pub(crate) fn connect(settings: &DatabaseSettings) -> anyhow::Result<Database> {
    Database::connect(&settings.url, settings.options).with_context(|| in_setting(settings))
}

/// Runs the pending migrations, and returns their versions. `progress` is told each one when it is in effect.
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
