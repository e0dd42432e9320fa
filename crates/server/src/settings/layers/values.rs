//! Typed access to a setting. Each error says what is allowed.

use super::{
    Layers, SettingError,
    redaction::{may_have_password, redact, scheme_of},
};
use gochat_adapters::DatabaseUrl;
use std::{fmt::Display, ops::RangeInclusive, str::FromStr, time::Duration};

impl Layers {
    /// Returns a setting that may be any text.
    pub(in crate::settings) fn text(&self, setting: &str) -> &str {
        self.value(setting)
    }

    /// Parses a setting.
    pub(in crate::settings) fn parsed<T: FromStr>(
        &self,
        setting: &str,
        expected: &str,
    ) -> Result<T, SettingError> {
        let value = self.value(setting);
        value.parse().map_err(|_| self.refused(setting, value, expected))
    }

    /// Parses a setting whose error type describes valid values.
    pub(in crate::settings) fn parsed_with_hint<T: FromStr>(
        &self,
        setting: &str,
        expected: impl FnOnce(T::Err) -> &'static str,
    ) -> Result<T, SettingError> {
        let value = self.value(setting);
        value.parse().map_err(|error| self.refused(setting, value, expected(error)))
    }

    /// Parses a setting that must be a string in TOML: TOML would convert an octal number (`0o660` becomes 432).
    pub(in crate::settings) fn quoted<T: FromStr>(
        &self,
        setting: &str,
        expected: &str,
    ) -> Result<T, SettingError> {
        if self.settings.get(setting).is_some_and(|setting| !setting.is_string) {
            return Err(self.refused(setting, self.value(setting), format!("{expected}, in quotes")));
        }
        self.parsed(setting, expected)
    }

    /// Parses a whole number within `range`.
    pub(in crate::settings) fn number<T>(
        &self,
        setting: &str,
        range: RangeInclusive<T>,
    ) -> Result<T, SettingError>
    where
        T: FromStr + PartialOrd + Display,
    {
        let value = self.value(setting);
        value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            self.refused(setting, value, format!("a whole number from {} to {}", range.start(), range.end()))
        })
    }

    /// Parses a duration within a range of whole seconds.
    pub(in crate::settings) fn duration(
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
    pub(in crate::settings) fn one_of<T: Copy>(
        &self,
        setting: &str,
        words: &[(&str, T)],
    ) -> Result<T, SettingError> {
        let value = self.value(setting);
        words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.refused(setting, value, words.join(" or "))
        })
    }

    /// Parses a database URL, which may contain a password.
    pub(in crate::settings) fn database_url(&self, setting: &str) -> Result<DatabaseUrl, SettingError> {
        let value = self.value(setting);
        DatabaseUrl::from_str(value).map_err(|error| self.refused(setting, &redact(value), error.expected()))
    }

    /// Builds the error for an invalid setting. `value` is shown, unless it is from a file.
    pub(in crate::settings) fn refused(
        &self,
        setting: &str,
        value: &str,
        expected: impl Into<String>,
    ) -> SettingError {
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
