//! Reads the settings of a layer, from TOML or from environment variables.

use super::{Setting, SettingError, SettingMap, error::unreadable};
use config::{Config, ConfigError, Environment, Value, ValueKind};
use std::collections::HashMap;

/// Parses the settings in a TOML text.
pub(super) fn toml(origin: &str, text: &str) -> Result<SettingMap, SettingError> {
    let table: toml::Table = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        unreadable(origin, format!("line {line}: {}", error.message()))
    })?;
    flatten(origin, Config::try_from(&table))
}

/// Parses the settings in environment variables.
pub(super) fn environment(
    origin: &str,
    variables: HashMap<String, String>,
) -> Result<SettingMap, SettingError> {
    let source =
        Environment::with_prefix("GOCHAT").prefix_separator("__").separator("__").source(Some(variables));
    flatten(origin, Config::builder().add_source(source).build())
}

/// Returns the setting that a variable names, by the same rule as [`environment`].
pub(super) fn setting_name(variable: &str) -> Option<String> {
    Some(variable.strip_prefix("GOCHAT__")?.to_lowercase().replace("__", "."))
}

/// Flattens nested tables to dotted names.
fn flatten(origin: &str, config: Result<Config, ConfigError>) -> Result<SettingMap, SettingError> {
    let root =
        config.and_then(|config| config.cache.into_table()).map_err(|error| unreadable(origin, error))?;
    let mut flat = SettingMap::new();
    let mut tables: Vec<(String, HashMap<String, Value>)> = vec![(String::new(), root)];
    while let Some((prefix, table)) = tables.pop() {
        for (key, value) in table {
            let name = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
            match value.kind {
                ValueKind::Table(table) => tables.push((name, table)),
                kind => {
                    let is_string = matches!(kind, ValueKind::String(_));
                    let (value, origin) = (kind.to_string(), origin.to_owned());
                    let setting = Setting { value, origin, is_string, is_from_file: false };
                    flat.insert(name, setting);
                }
            }
        }
    }
    Ok(flat)
}
