//! The name of a group.

mod characters;

use crate::text::{self, TextError};
use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A group's name: 1 to 63 Unicode scalar values in Normalisation Form C (Unicode UAX #15).
///
/// Names are compared byte for byte; `A` and `a` differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName(Box<str>);

impl GroupName {
    /// Parses the name of a new group: normalises `raw` to NFC and checks every rule.
    pub fn parse<'a>(raw: impl Into<Cow<'a, str>>) -> Result<Self, InvalidGroupName> {
        let name = Self::parse_existing(raw)?;
        name.check_rules_of_new_names()?;
        Ok(name)
    }

    /// Parses the name of a stored group: normalises `raw` to NFC and checks the rules that every stored name obeys.
    ///
    /// The rules of `characters` were added after the first groups were stored, so a stored name may break them and
    /// must still be readable.
    pub fn parse_existing<'a>(raw: impl Into<Cow<'a, str>>) -> Result<Self, InvalidGroupName> {
        let raw = raw.into();
        let name = if is_nfc(&raw) { raw } else { raw.nfc().collect() };
        text::check(&name)?;
        if name.starts_with(char::is_whitespace) || name.ends_with(char::is_whitespace) {
            return Err(InvalidGroupName::SurroundingWhiteSpace);
        }
        Ok(Self(name.into()))
    }

    /// Checks the rules that [`Self::parse_existing`] leaves out.
    pub(super) fn check_rules_of_new_names(&self) -> Result<(), InvalidGroupName> {
        characters::check(&self.0)
    }

    /// The name, in NFC.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The rule that a name breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGroupName {
    /// The name is empty.
    #[error("name must not be empty")]
    Empty,
    /// More than 63 characters after normalisation.
    #[error("name must have at most 63 characters")]
    TooLong,
    /// A control character (Unicode category `Cc`).
    #[error("name must not contain control characters")]
    ControlCharacter,
    /// White space at the start or the end.
    #[error("name must not begin or end with white space")]
    SurroundingWhiteSpace,
    /// A noncharacter (Unicode, section 23.7).
    #[error("name must not contain noncharacters")]
    Noncharacter,
    /// A character that changes the direction of the text around it (Unicode UAX #9, section 2).
    #[error("name must not contain bidirectional embeddings, overrides or isolates")]
    BidirectionalControl,
    /// U+FEFF, the byte order mark.
    #[error("name must not contain U+FEFF, the byte order mark")]
    ByteOrderMark,
    /// No visible character.
    #[error("name must contain a visible character")]
    Invisible,
}

impl From<TextError> for InvalidGroupName {
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
    fn each_broken_rule_has_its_own_error() {
        let cases = [
            ("", InvalidGroupName::Empty),
            (&*"x".repeat(64), InvalidGroupName::TooLong),
            (&*"𝄞".repeat(64), InvalidGroupName::TooLong),
            ("a\0b", InvalidGroupName::ControlCharacter),
            (" a", InvalidGroupName::SurroundingWhiteSpace),
            ("a\u{3000}", InvalidGroupName::SurroundingWhiteSpace),
        ];
        for (raw, error) in cases {
            assert_eq!(GroupName::parse(raw), Err(error), "{raw:?}");
        }
    }

    #[test]
    fn length_is_counted_in_characters_after_normalisation() {
        for accepted in ["x".repeat(63), "𝄞".repeat(63), "e\u{301}".repeat(63)] {
            assert!(GroupName::parse(&accepted).is_ok(), "{accepted}");
        }
        // U+0958 decomposes in NFC: 32 characters become 64.
        assert_eq!(GroupName::parse("\u{958}".repeat(32)), Err(InvalidGroupName::TooLong));
    }

    proptest! {
        #[test]
        fn an_accepted_name_round_trips_and_obeys_every_rule(raw in any::<String>()) {
            if let Ok(name) = GroupName::parse(&raw) {
                prop_assert_eq!(&GroupName::parse(name.as_str()).unwrap(), &name);
                prop_assert!((1..=63).contains(&name.as_str().chars().count()));
                prop_assert!(!name.as_str().chars().any(char::is_control));
                prop_assert_eq!(name.as_str().trim(), name.as_str());
                prop_assert!(is_nfc(name.as_str()));
            }
        }

        #[test]
        fn the_composed_and_the_decomposed_form_are_one_name(raw in "[a-zà-ÿḀ-ỹ가-힣]{1,20}") {
            let composed: String = raw.nfc().collect();
            let decomposed: String = raw.nfd().collect();
            prop_assert_eq!(GroupName::parse(composed), GroupName::parse(decomposed));
        }

        #[test]
        fn a_plain_name_is_accepted_as_it_is(raw in "[!-~]([ -~]{0,61}[!-~])?") {
            let name = GroupName::parse(&raw).unwrap();
            prop_assert_eq!(name.as_str(), raw);
        }

        #[test]
        fn a_control_character_anywhere_is_refused(head in "[a-z]{0,5}", control in "\\p{Cc}", tail in "[a-z]{0,5}") {
            prop_assert_eq!(
                GroupName::parse(format!("{head}{control}{tail}")),
                Err(InvalidGroupName::ControlCharacter)
            );
        }
    }
}
