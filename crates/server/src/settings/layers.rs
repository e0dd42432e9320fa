//! The layers of settings, and typed access to a setting.
//!
//! `config` reads each layer, and this module merges the layers and parses the values. Deserialising with serde would not
//! do: its errors show the value, which may be a secret, but not the layer that it comes from.

mod files;
mod redaction;

use super::Profile;
use config::{Config, ConfigError, Environment, Value, ValueKind};
use gochat_adapters::DatabaseUrl;
use redaction::{may_have_password, redact, scheme_of};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Display,
    fs, io,
    ops::RangeInclusive,
    str::FromStr,
    time::Duration,
};

const DEFAULTS: &str = include_str!("../../../../config/default.toml");

/// Reason why the settings cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// A setting is unknown or has an invalid value.
    #[error("{setting} = {value:?} from {origin} is refused: expected {expected}")]
    Refused {
        /// Name, like `http.bind`.
        setting: String,
        /// The value, with secrets redacted.
        value: String,
        /// The layer or file that has the value.
        origin: String,
        /// Description of valid values.
        expected: String,
    },
    /// A layer cannot be read.
    #[error("{origin} is refused: {reason}")]
    Unreadable {
        /// The layer.
        origin: String,
        /// Reason, without any text of the layer, which may have secrets.
        reason: String,
    },
}

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

    /// Parses a setting.
    pub(super) fn parsed<T: FromStr>(&self, setting: &str, expected: &str) -> Result<T, SettingError> {
        let value = self.value(setting);
        value.parse().map_err(|_| self.refused(setting, value, expected))
    }

    /// Parses a setting whose error type describes valid values.
    pub(super) fn parsed_with_hint<T: FromStr>(
        &self,
        setting: &str,
        expected: impl FnOnce(T::Err) -> &'static str,
    ) -> Result<T, SettingError> {
        let value = self.value(setting);
        value.parse().map_err(|error| self.refused(setting, value, expected(error)))
    }

    /// Parses a setting that must be a string in TOML: TOML would convert an octal number (`0o660` becomes 432).
    pub(super) fn quoted<T: FromStr>(&self, setting: &str, expected: &str) -> Result<T, SettingError> {
        if self.settings.get(setting).is_some_and(|setting| !setting.is_string) {
            return Err(self.refused(setting, self.value(setting), format!("{expected}, in quotes")));
        }
        self.parsed(setting, expected)
    }

    /// Parses a whole number within `range`.
    pub(super) fn number<T>(&self, setting: &str, range: RangeInclusive<T>) -> Result<T, SettingError>
    where
        T: FromStr + PartialOrd + Display,
    {
        let value = self.value(setting);
        value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            self.refused(setting, value, format!("a whole number from {} to {}", range.start(), range.end()))
        })
    }

    /// Parses a duration within a range of whole seconds.
    pub(super) fn duration(
        &self,
        setting: &str,
        seconds: RangeInclusive<u64>,
    ) -> Result<Duration, SettingError> {
        let value = self.value(setting);
        let (least, most) = (*seconds.start(), *seconds.end());
        let range = Duration::from_secs(least)..=Duration::from_secs(most);
        humantime::parse_duration(value).ok().filter(|duration| range.contains(duration)).ok_or_else(|| {
            self.refused(setting, value, format!("a duration from {least}s to {most}s, like {least}s"))
        })
    }

    /// Parses one of several words.
    pub(super) fn one_of<T: Copy>(&self, setting: &str, words: &[(&str, T)]) -> Result<T, SettingError> {
        let value = self.value(setting);
        words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.refused(setting, value, words.join(" or "))
        })
    }

    /// Parses a database URL, which may contain a password.
    pub(super) fn database_url(&self, setting: &str) -> Result<DatabaseUrl, SettingError> {
        let value = self.value(setting);
        DatabaseUrl::from_str(value).map_err(|error| self.refused(setting, &redact(value), error.expected()))
    }

    /// Builds the error for an invalid setting. `value` is shown, unless it is from a file.
    pub(super) fn refused(&self, setting: &str, value: &str, expected: impl Into<String>) -> SettingError {
        let written = self.settings.get(setting);
        let is_hidden = written.is_some_and(|setting| setting.is_from_file);
        SettingError::Refused {
            setting: setting.to_owned(),
            value: match value {
                _ if is_hidden => "…".to_owned(),
                // The password has already been removed from `database.url`, so its value can be shown.
                value if setting != "database.url" && may_have_password(value) => scheme_of(value),
                value => value.to_owned(),
            },
            origin: written.map_or("", |setting| &setting.origin).to_owned(),
            expected: expected.into(),
        }
    }

    /// Returns a setting as it was written. Every setting has a default, so none is missing.
    fn value(&self, setting: &str) -> &str {
        self.settings.get(setting).map_or("", |setting| &setting.value)
    }
}

pub(super) fn unreadable(origin: &str, reason: impl Display) -> SettingError {
    SettingError::Unreadable { origin: origin.to_owned(), reason: reason.to_string() }
}

/// Parses the settings in a TOML text.
fn toml(origin: &str, text: &str) -> Result<SettingMap, SettingError> {
    let table: toml::Table = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        unreadable(origin, format!("line {line}: {}", error.message()))
    })?;
    flatten(origin, Config::try_from(&table))
}

/// Parses the settings in environment variables.
fn environment(origin: &str, variables: HashMap<String, String>) -> Result<SettingMap, SettingError> {
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
