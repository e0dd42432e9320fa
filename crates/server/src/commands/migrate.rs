//! `gochat migrate`

use crate::{settings::Settings, startup};
use std::io::{self, Write};

/// Runs the pending migrations, and prints their versions.
pub(super) fn run(settings: &Settings) -> anyhow::Result<()> {
    let database = startup::connect(&settings.database)?;
    let versions = startup::migrate(&database, &settings.database)?;
    let mut out = io::stdout();
    if versions.is_empty() {
        writeln!(out, "the schema is up to date")?;
    }
    for version in versions {
        writeln!(out, "migrated to {version}")?;
    }
    Ok(())
}
