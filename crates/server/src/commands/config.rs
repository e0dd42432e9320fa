//! `gochat config`

use crate::settings::Settings;
use std::io::{self, Write};

/// Prints the settings in force as TOML.
pub(super) fn run(settings: &Settings) -> anyhow::Result<()> {
    Ok(io::stdout().write_all(settings.to_toml()?.as_bytes())?)
}
