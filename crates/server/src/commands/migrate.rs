//! `gochat migrate`

use super::standard_output;
use crate::{settings::Settings, startup, telemetry::Log};
use std::cell::RefCell;

/// Runs the pending migrations, and prints the version of each once it is applied.
pub(super) fn run(settings: &Settings) -> anyhow::Result<()> {
    // The log tells when a migration waits for another instance.
    let log = Log::start(settings.log);
    let migrated = migrate(settings);
    log.end(None);
    migrated
}

fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let database = startup::connect(&settings.database)?;
    // A failed write to standard output must not stop the migrations.
    let printed = RefCell::new(Ok(()));
    let print = |version: &str| {
        let line = standard_output::print(format!("migrated to {version}\n").as_bytes());
        if printed.borrow().is_ok() {
            *printed.borrow_mut() = line;
        }
    };
    if startup::migrate(&database, &settings.database, &print)?.is_empty() {
        standard_output::print(b"the schema is up to date\n")?;
    }
    Ok(printed.into_inner()?)
}
