//! The layers that settings come from, and how one setting is read from them.

mod files;

use super::Profile;
use config::{Config, ConfigError, Environment, Value, ValueKind};
use gochat_adapters::DatabaseUrl;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Display,
    fs, io,
    ops::RangeInclusive,
    str::FromStr,
    time::Duration,
};

const DEFAULTS: &str = include_str!("../../../../config/default.toml");

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// A setting is unknown or cannot be what it is.
    #[error("{setting} = {value:?} from {origin} is refused: expected {expected}")]
    Refused {
        /// Its name, like `http.bind`.
        setting: String,
        /// What it was set to; secrets hidden.
        value: String,
        /// Where it was set.
        origin: String,
        /// What would be right.
        expected: String,
    },
    /// A layer cannot be read.
    #[error("{origin} is refused: {reason}")]
    Unreadable {
        /// Which.
        origin: String,
        /// What is wrong with it; none of its text, which may have secrets.
        reason: String,
    },
}

/// SettingMap under their dotted names: the defaults, overridden by the profile, by the profile's file in the folder `config`
/// of the working directory, and by the environment and the files that it names.
#[derive(Debug)]
pub(super) struct Layers {
    settings: SettingMap,
    /// Those whose default is a text, and no number or boolean.
    texts: HashSet<String>,
}

/// SettingMap under their dotted names.
pub(super) type SettingMap = BTreeMap<String, Setting>;

/// A setting as it was written.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) value: String,
    pub(super) origin: String,
    /// Whether it was written as a text: in quotes, or where all is text.
    pub(super) is_text: bool,
    /// Whether a file of its own has it. What is in there may be a secret, so no refusal shows it.
    pub(super) is_from_file: bool,
}

impl Layers {
    /// Reads every layer; `variables` are the environment's.
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
        let texts = defaults.iter().filter(|(_, default)| default.is_text).map(|(name, _)| name.clone());
        let mut layers = Self { texts: texts.collect(), settings: defaults };
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
            // It may be a misspelt secret.
            Some((setting, _)) => {
                Err(layers.refused(setting, "…", format!("one of the settings {}", known.join(", "))))
            }
        }
    }

    /// The settings, secrets hidden, in their sections, each of the type of its default.
    pub(super) fn to_table(&self) -> toml::Table {
        let mut sections = toml::Table::new();
        for (setting, Setting { value, .. }) in &self.settings {
            let Some((section, key)) = setting.split_once('.') else { continue };
            let value = if setting == "database.url" { redact(value) } else { value.clone() };
            let value = match (self.texts.contains(setting), value.parse(), value.parse()) {
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

    /// A setting that its type reads.
    pub(super) fn parsed<T: FromStr>(&self, setting: &str, expected: &str) -> Result<T, SettingError> {
        let value = self.text(setting);
        value.parse().map_err(|_| self.refused(setting, value, expected))
    }

    /// The same of a type whose errors say what is expected.
    pub(super) fn parsed_explaining<T: FromStr>(
        &self,
        setting: &str,
        expected: impl FnOnce(T::Err) -> &'static str,
    ) -> Result<T, SettingError> {
        let value = self.text(setting);
        value.parse().map_err(|error| self.refused(setting, value, expected(error)))
    }

    /// The same of digits that are no decimal number: of a number in TOML, they are gone (`0o660` is 432).
    pub(super) fn quoted<T: FromStr>(&self, setting: &str, expected: &str) -> Result<T, SettingError> {
        if self.settings.get(setting).is_some_and(|setting| !setting.is_text) {
            return Err(self.refused(setting, self.text(setting), format!("{expected}, in quotes")));
        }
        self.parsed(setting, expected)
    }

    /// A whole number within `range`.
    pub(super) fn number<T>(&self, setting: &str, range: RangeInclusive<T>) -> Result<T, SettingError>
    where
        T: FromStr + PartialOrd + Display,
    {
        let value = self.text(setting);
        value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            self.refused(setting, value, format!("a whole number from {} to {}", range.start(), range.end()))
        })
    }

    /// A duration within a range of whole seconds.
    pub(super) fn duration(
        &self,
        setting: &str,
        seconds: RangeInclusive<u64>,
    ) -> Result<Duration, SettingError> {
        let value = self.text(setting);
        let (least, most) = (*seconds.start(), *seconds.end());
        let range = Duration::from_secs(least)..=Duration::from_secs(most);
        humantime::parse_duration(value).ok().filter(|duration| range.contains(duration)).ok_or_else(|| {
            self.refused(setting, value, format!("a duration from {least}s to {most}s, like {least}s"))
        })
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(&self, setting: &str, words: &[(&str, T)]) -> Result<T, SettingError> {
        let value = self.text(setting);
        words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.refused(setting, value, words.join(" or "))
        })
    }

    /// The URL of a database, in which a password may stand.
    pub(super) fn database_url(&self, setting: &str) -> Result<DatabaseUrl, SettingError> {
        let value = self.text(setting);
        DatabaseUrl::from_str(value).map_err(|error| self.refused(setting, &redact(value), error.expected()))
    }

    /// The error of a setting whose value may be shown so, unless it is from a file.
    pub(super) fn refused(&self, setting: &str, value: &str, expected: impl Into<String>) -> SettingError {
        let written = self.settings.get(setting);
        let is_hidden = written.is_some_and(|setting| setting.is_from_file);
        SettingError::Refused {
            setting: setting.to_owned(),
            value: if is_hidden { "…" } else { value }.to_owned(),
            origin: written.map_or("", |setting| &setting.origin).to_owned(),
            expected: expected.into(),
        }
    }

    /// A setting as it was written. Each stands in the defaults, so none is ever missing.
    fn text(&self, setting: &str) -> &str {
        self.settings.get(setting).map_or("", |setting| &setting.value)
    }
}

pub(super) fn unreadable(origin: &str, reason: impl Display) -> SettingError {
    SettingError::Unreadable { origin: origin.to_owned(), reason: reason.to_string() }
}

/// The settings of a TOML text.
fn toml(origin: &str, text: &str) -> Result<SettingMap, SettingError> {
    let table: toml::Table = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        unreadable(origin, format!("line {line}: {}", error.message()))
    })?;
    flatten(origin, Config::try_from(&table))
}

/// The settings of environment variables.
fn environment(origin: &str, variables: HashMap<String, String>) -> Result<SettingMap, SettingError> {
    let source =
        Environment::with_prefix("GOCHAT").prefix_separator("__").separator("__").source(Some(variables));
    flatten(origin, Config::builder().add_source(source).build())
}

/// The setting that a variable has, as [`environment`] reads its name.
pub(super) fn setting_name(variable: &str) -> Option<String> {
    Some(variable.strip_prefix("GOCHAT__")?.to_lowercase().replace("__", "."))
}

/// A database's URL without its password; of what is no such URL, nothing but the scheme.
fn redact(url: &str) -> String {
    url.parse::<DatabaseUrl>().map_or_else(
        |_| url.split_once("://").map_or_else(|| "…".to_owned(), |(scheme, _)| format!("{scheme}://…")),
        |url| url.to_string(),
    )
}

/// Every value under its dotted name.
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
                    let is_text = matches!(kind, ValueKind::String(_));
                    let (value, origin) = (kind.to_string(), origin.to_owned());
                    let setting = Setting { value, origin, is_text, is_from_file: false };
                    flat.insert(name, setting);
                }
            }
        }
    }
    Ok(flat)
}
