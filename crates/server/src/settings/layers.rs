//! The layers of settings.
//!
//! The crate `config` reads each layer, and this module merges the layers and parses the values. Deserialising with serde
//! would not do: its errors show the value, which may be a secret, but not the layer that it comes from.

mod error;
mod files;
mod redaction;
mod sources;
mod values;

pub use error::SettingError;

use super::Profile;
use error::unreadable;
use redaction::redact;
use sources::{environment, toml};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs, io,
};

const DEFAULTS: &str = include_str!("../../../../config/default.toml");

/// All settings by their dotted names, from layers of rising priority: the defaults, the built-in profile, the
/// profile's file in the folder `config` of the working directory, the environment, and the files that the environment
/// names.
#[derive(Debug)]
pub(super) struct Layers {
    settings: SettingMap,
    /// Names of settings whose default is a string.
    string_settings: HashSet<String>,
}

/// Settings by their dotted names.
pub(super) type SettingMap = BTreeMap<String, Setting>;

/// A setting as it was written.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) value: String,
    pub(super) origin: String,
    /// True if its source gives it as a string: in quotes in TOML, and always in the environment and in files.
    pub(super) is_string: bool,
    /// True if the value is the whole content of a file that a variable names. It may be a secret, so error messages
    /// hide it.
    pub(super) is_from_file: bool,
}

impl Layers {
    /// Reads every layer. `variables` are those of the environment.
    pub(super) fn read(
        profile: Profile,
        mut variables: HashMap<String, String>,
    ) -> Result<Self, SettingError> {
        let file = format!("config/{profile}.toml");
        let from_folder = match fs::read_to_string(&file) {
            Ok(settings) => settings,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(unreadable(&file, error)),
        };
        let defaults = toml("the defaults", DEFAULTS)?;
        let known: Vec<String> = defaults.keys().cloned().collect();
        let files = files::take(&mut variables, &known)?;
        let string_settings =
            defaults.iter().filter(|(_, default)| default.is_string).map(|(name, _)| name.clone());
        let mut layers = Self { string_settings: string_settings.collect(), settings: defaults };
        for layer in [
            toml(&format!("the profile {profile}"), profile.built_in())?,
            toml(&file, &from_folder)?,
            environment("the environment", variables)?,
            files,
        ] {
            layers.settings.extend(layer);
        }
        match layers.settings.iter().find(|(setting, _)| !known.contains(setting)) {
            None => Ok(layers),
            // The value is hidden: it may belong to a misspelt secret setting.
            Some((setting, _)) => {
                Err(layers.refused(setting, "…", format!("one of the settings {}", known.join(", "))))
            }
        }
    }

    /// Returns the settings as TOML sections, with secrets redacted. Each value has the type of its default.
    pub(super) fn to_table(&self) -> toml::Table {
        let mut sections = toml::Table::new();
        for (setting, Setting { value, .. }) in &self.settings {
            let Some((section, key)) = setting.split_once('.') else { continue };
            let value = if setting == "database.url" { redact(value) } else { value.clone() };
            let value = match (self.string_settings.contains(setting), value.parse(), value.parse()) {
                (false, Ok(number), _) => toml::Value::Integer(number),
                (false, _, Ok(boolean)) => toml::Value::Boolean(boolean),
                _ => toml::Value::String(value),
            };
            let section = sections.entry(section).or_insert_with(|| toml::Table::new().into());
            if let Some(section) = section.as_table_mut() {
                section.insert(key.to_owned(), value);
            }
        }
        sections
    }
}
