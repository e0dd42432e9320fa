//! Profiles: named sets of settings.

use std::{fmt, str::FromStr};

/// A named set of settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// For a developer's machine.
    Development,
    /// For real users.
    Production,
}

impl Profile {
    /// Returns the name of the profile, which is also the name of its file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }

    /// Returns the profile's file, as embedded in the binary.
    pub(super) const fn built_in(self) -> &'static str {
        match self {
            Self::Development => include_str!("../../../../config/development.toml"),
            Self::Production => include_str!("../../../../config/production.toml"),
        }
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        [Self::Development, Self::Production]
            .into_iter()
            .find(|profile| profile.as_str() == name)
            .ok_or_else(|| UnknownProfile(name.to_owned()))
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Error for an unknown profile.
#[derive(Debug, thiserror::Error)]
#[error("the profile {0:?} (--profile or GOCHAT_PROFILE) is unknown: expected development or production")]
pub struct UnknownProfile(String);
