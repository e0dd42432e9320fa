//! What is known of a key once it is issued: everything but the key.

use super::{Caller, Scopes};
use crate::{clock::Timestamp, text};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// The public name of a key in logs and commands; it opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub Uuid);

impl KeyId {
    /// The id under which the development key appears; no issued key has it.
    pub const DEVELOPMENT: Self = Self(Uuid::nil());

    /// The id under which the operator at the command line appears; no issued key has it.
    pub const OPERATOR: Self = Self(Uuid::max());
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for KeyId {
    type Err = uuid::Error;

    fn from_str(id: &str) -> Result<Self, uuid::Error> {
        id.parse().map(Self)
    }
}

/// What people call a key: 1 to 63 characters, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName(Box<str>);

impl KeyName {
    /// Checks `raw`, and keeps it as it is.
    pub fn parse(raw: &str) -> Result<Self, InvalidKeyName> {
        if text::check(raw).is_err() || raw.trim().is_empty() {
            return Err(InvalidKeyName);
        }
        Ok(Self(raw.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// It is not a name for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key's name has 1 to 63 characters, not all of them blank and none of them a control character")]
pub struct InvalidKeyName;

/// A key on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedKey {
    /// The key's public name.
    pub id: KeyId,
    /// What people call it.
    pub name: KeyName,
    /// What it is for.
    pub scopes: Scopes,
    /// When it was issued.
    pub created_at: Timestamp,
    /// The moment from which it no longer holds, if there is one.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

impl IssuedKey {
    /// Admits the holder at `now`, unless the key is revoked or expired.
    pub fn admit(&self, now: Timestamp) -> Result<Caller, NotAdmitted> {
        let expired = self.expires_at.is_some_and(|expiry| expiry <= now);
        if expired || self.revoked_at.is_some() {
            return Err(NotAdmitted);
        }
        Ok(Caller::admitted(self.id, self.scopes))
    }
}

/// The key is on record, but no longer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the API key is expired or revoked")]
pub struct NotAdmitted;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    fn key(expires_at: Option<Timestamp>, revoked_at: Option<Timestamp>) -> IssuedKey {
        IssuedKey {
            id: KeyId(Uuid::max()),
            name: KeyName::parse("mobile app").unwrap(),
            scopes: Scopes::all(),
            created_at: at(0),
            expires_at,
            revoked_at,
        }
    }

    #[test]
    fn a_key_that_holds_admits_its_holder_with_its_scopes() {
        let caller = Caller::admitted(KeyId(Uuid::max()), Scopes::all());
        assert_eq!(key(None, None).admit(at(9)), Ok(caller));
    }

    #[test]
    fn a_key_expires_at_the_very_moment() {
        assert!(key(Some(at(10)), None).admit(at(9)).is_ok());
        assert_eq!(key(Some(at(10)), None).admit(at(10)), Err(NotAdmitted));
    }

    #[test]
    fn a_revoked_key_admits_nobody() {
        assert_eq!(key(None, Some(at(5))).admit(at(9)), Err(NotAdmitted));
    }

    #[test]
    fn a_key_name_is_a_line_that_says_something() {
        for name in ["", "   ", "a\nb", &*"x".repeat(64)] {
            assert_eq!(KeyName::parse(name), Err(InvalidKeyName), "{name:?}");
        }
        assert_eq!(KeyName::parse("mobile app").unwrap().as_str(), "mobile app");
    }
}
