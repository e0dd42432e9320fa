//! The token of a group.

use crate::text::{self, TextFault};
use std::{borrow::Cow, fmt};

/// A group's token: 1 to 63 Unicode scalar values, kept byte for byte.
///
/// It is a secret, so its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupToken(Box<str>);

impl GroupToken {
    /// Checks `raw`, and keeps it as it is.
    pub fn parse<'a>(raw: impl Into<Cow<'a, str>>) -> Result<Self, InvalidGroupToken> {
        let raw = raw.into();
        text::check(&raw)?;
        Ok(Self(raw.into()))
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

/// The rule that a would-be token breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGroupToken {
    /// It has no characters.
    #[error("token must not be empty")]
    Empty,
    /// It has more than 63 characters.
    #[error("token must have at most 63 characters")]
    TooLong,
    /// It has a character of Unicode's category `Cc`.
    #[error("token must not contain control characters")]
    ControlCharacter,
}

impl From<TextFault> for InvalidGroupToken {
    fn from(fault: TextFault) -> Self {
        match fault {
            TextFault::Empty => Self::Empty,
            TextFault::TooLong => Self::TooLong,
            TextFault::ControlCharacter => Self::ControlCharacter,
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
    fn each_rule_is_named() {
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
        fn what_is_accepted_is_kept_byte_for_byte(raw in "\\PC{1,63}") {
            let token = GroupToken::parse(&raw).unwrap();
            prop_assert_eq!(token.as_str(), raw);
        }

        #[test]
        fn a_decomposed_token_stays_decomposed(raw in "([a-z]\u{301}){1,31}") {
            let token = GroupToken::parse(&raw).unwrap();
            prop_assert_eq!(token.as_str(), raw);
        }

        #[test]
        fn what_is_refused_breaks_the_named_rule(raw in any::<String>()) {
            match GroupToken::parse(&raw) {
                Ok(token) => prop_assert_eq!(token.as_str(), raw),
                Err(InvalidGroupToken::Empty) => prop_assert!(raw.is_empty()),
                Err(InvalidGroupToken::TooLong) => prop_assert!(raw.chars().count() > 63),
                Err(InvalidGroupToken::ControlCharacter) => prop_assert!(raw.chars().any(char::is_control)),
            }
        }
    }
}
