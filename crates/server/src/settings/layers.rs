//! The layers that settings come from, and how one setting is read from them.

use super::Profile;
use config::{Config, ConfigError, Environment, File, FileFormat, Value, ValueKind};
use gochat_adapters::DatabaseUrl;
use std::{
    collections::{BTreeMap, HashMap},
    fmt::Display,
    fs, io,
    ops::RangeInclusive,
    str::FromStr,
    time::Duration,
};

const DEFAULTS: &str = include_str!("../../../../config/default.toml");

/// A setting that cannot be what it is.
#[derive(Debug, thiserror::Error)]
#[error("{setting} = {value:?} is refused: expected {expected}")]
pub struct SettingError {
    /// Its name, like `http.bind`.
    pub setting: String,
    /// What it was set to; secrets hidden.
    pub value: String,
    /// What would be right.
    pub expected: String,
}

/// Settings as texts under their dotted names: the defaults, overridden by the profile, by the profile's file in the
/// folder `config` of the working directory, and by the environment.
#[derive(Debug)]
pub(super) struct Layers(BTreeMap<String, String>);

impl Layers {
    /// Reads every layer; `variables` are the environment's.
    pub(super) fn read(profile: Profile, variables: HashMap<String, String>) -> Result<Self, SettingError> {
        let text = |text: &str| File::from_str(text, FileFormat::Toml);
        let file = format!("config/{profile}.toml");
        let unreadable = |error: ConfigError| SettingError {
            setting: file.clone(),
            // The error shows the line of the file, on lines of its own.
            value: error.to_string().split_whitespace().collect::<Vec<_>>().join(" "),
            expected: "TOML as in config/default.toml".to_owned(),
        };
        let of_the_folder = match fs::read_to_string(&file) {
            Ok(settings) => settings,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(refused(&file, &error.to_string(), "a file that can be read, or none"));
            }
        };
        let environment = Environment::with_prefix("GOCHAT").prefix_separator("__").separator("__");
        let layers = Config::builder()
            .add_source(text(DEFAULTS))
            .add_source(text(profile.built_in()))
            .add_source(text(&of_the_folder))
            .add_source(environment.source(Some(variables)));
        let known = flatten(Config::builder().add_source(text(DEFAULTS)).build().map_err(unreadable)?);
        let values = flatten(layers.build().map_err(unreadable)?);
        match values.keys().find(|setting| !known.contains_key(*setting)) {
            None => Ok(Self(values)),
            Some(setting) => Err(SettingError {
                setting: setting.clone(),
                // It may be a misspelt secret.
                value: "…".to_owned(),
                expected: format!("one of the settings {}", known.into_keys().collect::<Vec<_>>().join(", ")),
            }),
        }
    }

    /// The settings, secrets hidden, in their sections.
    pub(super) fn shown(&self) -> toml::Table {
        let mut sections = toml::Table::new();
        for (setting, value) in &self.0 {
            let Some((section, key)) = setting.split_once('.') else { continue };
            let value = if setting == "database.url" { hide(value) } else { value.clone() };
            let value = value.parse().map_or_else(
                |_| value.parse().map_or(toml::Value::String(value), toml::Value::Boolean),
                toml::Value::Integer,
            );
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
        value.parse().map_err(|_| refused(setting, value, expected))
    }

    /// A whole number within `range`.
    pub(super) fn number<T>(&self, setting: &str, range: RangeInclusive<T>) -> Result<T, SettingError>
    where
        T: FromStr + PartialOrd + Display,
    {
        let value = self.text(setting);
        value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            refused(setting, value, format!("a whole number from {} to {}", range.start(), range.end()))
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
            refused(setting, value, format!("a duration from {least}s to {most}s, like {least}s"))
        })
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(&self, setting: &str, words: &[(&str, T)]) -> Result<T, SettingError> {
        let value = self.text(setting);
        words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            refused(setting, value, words.join(" or "))
        })
    }

    /// The URL of a database, in which a password may stand.
    pub(super) fn database_url(&self, setting: &str) -> Result<DatabaseUrl, SettingError> {
        let value = self.text(setting);
        DatabaseUrl::from_str(value).map_err(|error| refused(setting, &hide(value), error.expected()))
    }

    /// A setting as it was written. Each stands in the defaults, so none is ever missing.
    fn text(&self, setting: &str) -> &str {
        self.0.get(setting).map_or("", String::as_str)
    }
}

fn refused(setting: &str, value: &str, expected: impl Into<String>) -> SettingError {
    SettingError { setting: setting.to_owned(), value: value.to_owned(), expected: expected.into() }
}

/// A database's URL without its password; of what is no such URL, nothing but the scheme.
fn hide(url: &str) -> String {
    url.parse::<DatabaseUrl>().map_or_else(
        |_| url.split_once("://").map_or_else(|| "…".to_owned(), |(scheme, _)| format!("{scheme}://…")),
        |url| url.to_string(),
    )
}

/// Every value under its dotted name.
fn flatten(config: Config) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::new();
    let mut tables: Vec<(String, HashMap<String, Value>)> =
        vec![(String::new(), config.cache.into_table().unwrap_or_default())];
    while let Some((prefix, table)) = tables.pop() {
        for (key, value) in table {
            let name = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
            match value.kind {
                ValueKind::Table(table) => tables.push((name, table)),
                kind => drop(flat.insert(name, kind.to_string())),
            }
        }
    }
    flat
}
