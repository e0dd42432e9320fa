//! The stored data of an issued key: everything but the secret.

use super::{Caller, Scopes};
use crate::{clock::Timestamp, text};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// The public id of a key, for logs and commands. It is not a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub Uuid);

impl KeyId {
    /// The id of the development key; no issued key has it.
    pub const DEVELOPMENT: Self = Self(Uuid::nil());

    /// The id of the operator at the command line or in the dashboard; no issued key has it. It is the largest id.
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

/// A key's display name: 1 to 63 characters, not all of them blank and none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName(Box<str>);

impl KeyName {
    /// Checks `raw` without changing it.
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

/// The text breaks the rules of key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key's name has 1 to 63 characters, not all of them blank and none of them a control character")]
pub struct InvalidKeyName;

/// An issued key, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedKey {
    /// The key's public id.
    pub id: KeyId,
    /// The display name.
    pub name: KeyName,
    /// The scopes it grants.
    pub scopes: Scopes,
    /// The time of issue.
    pub created_at: Timestamp,
    /// The time from which it is invalid; `None` if it never expires.
    pub expires_at: Option<Timestamp>,
    /// The time of its revocation, if it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The minute in which it was last used, if it was ever used. Stored within a few minutes.
    pub last_used_at: Option<Timestamp>,
}

/// A use of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUse {
    /// The key.
    pub id: KeyId,
    /// The start of the minute in which the key was used.
    pub at: Timestamp,
}

impl IssuedKey {
    /// Returns the key's holder, unless the key is revoked, or expired at `now`.
    pub fn admit(&self, now: Timestamp) -> Result<Caller, InactiveKey> {
        let expired = self.expires_at.is_some_and(|expiry| expiry <= now);
        if expired || self.revoked_at.is_some() {
            return Err(InactiveKey);
        }
        Ok(Caller::admitted(self.id, self.scopes))
    }
}

/// The key is stored, but expired or revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the API key is expired or revoked")]
pub struct InactiveKey;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, issued_key};

    fn key(expires_at: Option<Timestamp>, revoked_at: Option<Timestamp>) -> IssuedKey {
        IssuedKey { expires_at, revoked_at, ..issued_key(1) }
    }

    #[test]
    fn a_valid_key_admits_its_holder_with_its_scopes() {
        let caller = Caller::admitted(issued_key(1).id, Scopes::all());
        assert_eq!(key(None, None).admit(at(9)), Ok(caller));
    }

    #[test]
    fn a_key_expires_exactly_at_its_expiry() {
        assert!(key(Some(at(10)), None).admit(at(9)).is_ok());
        assert_eq!(key(Some(at(10)), None).admit(at(10)), Err(InactiveKey));
    }

    #[test]
    fn a_revoked_key_admits_nobody() {
        assert_eq!(key(None, Some(at(5))).admit(at(9)), Err(InactiveKey));
    }

    #[test]
    fn a_key_name_is_one_nonblank_line() {
        for name in ["", "   ", "a\nb", &*"x".repeat(64)] {
            assert_eq!(KeyName::parse(name), Err(InvalidKeyName), "{name:?}");
        }
        assert_eq!(KeyName::parse("mobile app").unwrap().as_str(), "mobile app");
    }
}
