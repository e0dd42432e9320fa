//! The token of a group.

use crate::text::{self, TextError};
use std::{borrow::Cow, fmt};
use subtle::ConstantTimeEq;

/// A group's token: 1 to 63 Unicode scalar values, kept byte for byte.
///
/// It is a secret, so `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupToken(Box<str>);

impl GroupToken {
    /// Checks `raw` without changing it.
    pub fn parse<'a>(raw: impl Into<Cow<'a, str>>) -> Result<Self, InvalidGroupToken> {
        let raw = raw.into();
        text::check(&raw)?;
        Ok(Self(raw.into()))
    }

    /// Returns true if `given` is this token. The time taken depends on the lengths alone, so that it tells nothing
    /// about the characters.
    pub fn matches(&self, given: &Self) -> bool {
        self.0.as_bytes().ct_eq(given.0.as_bytes()).into()
    }

    /// The token as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for GroupToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GroupToken(_)")
    }
}

/// The rule that a token breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGroupToken {
    /// The token is empty.
    #[error("token must not be empty")]
    Empty,
    /// More than 63 characters.
    #[error("token must have at most 63 characters")]
    TooLong,
    /// A control character (Unicode category `Cc`).
    #[error("token must not contain control characters")]
    ControlCharacter,
}

impl From<TextError> for InvalidGroupToken {
    fn from(error: TextError) -> Self {
        match error {
            TextError::Empty => Self::Empty,
            TextError::TooLong => Self::TooLong,
            TextError::ControlCharacter => Self::ControlCharacter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn debug_does_not_show_the_token() {
        assert_eq!(format!("{:?}", GroupToken::parse("hush").unwrap()), "GroupToken(_)");
    }

    #[test]
    fn each_broken_rule_has_its_own_error() {
        let cases = [
            ("", InvalidGroupToken::Empty),
            (&*"x".repeat(64), InvalidGroupToken::TooLong),
            ("a\tb", InvalidGroupToken::ControlCharacter),
        ];
        for (raw, error) in cases {
            assert_eq!(GroupToken::parse(raw), Err(error), "{raw:?}");
        }
    }

    proptest! {
        #[test]
        fn only_the_same_bytes_match(one in "[ab]{1,4}", other in "[ab]{1,4}") {
            let token = |raw: &str| GroupToken::parse(raw).unwrap();
            prop_assert_eq!(token(&one).matches(&token(&other)), one == other);
        }

        #[test]
        fn an_accepted_token_is_kept_byte_for_byte(raw in "\\PC{1,63}") {
            let token = GroupToken::parse(&raw).unwrap();
            prop_assert_eq!(token.as_str(), raw);
        }

        #[test]
        fn the_error_matches_the_broken_rule(raw in any::<String>()) {
            match GroupToken::parse(&raw) {
                Ok(token) => prop_assert_eq!(token.as_str(), raw),
                Err(InvalidGroupToken::Empty) => prop_assert!(raw.is_empty()),
                Err(InvalidGroupToken::TooLong) => prop_assert!(raw.chars().count() > 63),
                Err(InvalidGroupToken::ControlCharacter) => prop_assert!(raw.chars().any(char::is_control)),
            }
        }
    }
}
