//! The name of a group.

mod characters;

use crate::text::{self, TextFault};
use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A group's name: 1 to 63 Unicode scalar values in Normalisation Form C (Unicode UAX #15).
///
/// Two names are the same when their bytes are; `A` and `a` differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName(Box<str>);

impl GroupName {
    /// Reads the name of a new group: normalises `raw` to NFC and checks every rule.
    pub fn parse<'a>(raw: impl Into<Cow<'a, str>>) -> Result<Self, InvalidGroupName> {
        let name = Self::parse_existing(raw)?;
        characters::check(&name.0)?;
        Ok(name)
    }

    /// Reads a name that a group may have already: normalises `raw` to NFC and checks the rules that every stored name obeys.
    ///
    /// The rules of single characters are younger than the first groups, so a stored name may break them. It stays readable,
    /// and is found.
    pub fn parse_existing<'a>(raw: impl Into<Cow<'a, str>>) -> Result<Self, InvalidGroupName> {
        let raw = raw.into();
        let name = if is_nfc(&raw) { raw } else { raw.nfc().collect() };
        text::check(&name)?;
        if name.starts_with(char::is_whitespace) || name.ends_with(char::is_whitespace) {
            return Err(InvalidGroupName::SurroundingWhiteSpace);
        }
        Ok(Self(name.into()))
    }

    /// The name, in NFC.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The rule that a would-be name breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGroupName {
    /// It has no characters.
    #[error("name must not be empty")]
    Empty,
    /// It has more than 63 characters after normalisation.
    #[error("name must have at most 63 characters")]
    TooLong,
    /// It has a character of Unicode's category `Cc`.
    #[error("name must not contain control characters")]
    ControlCharacter,
    /// It begins or ends with white space.
    #[error("name must not begin or end with white space")]
    SurroundingWhiteSpace,
    /// It has a code point that is no character and never will be one (Unicode, section 23.7).
    #[error("name must not contain noncharacters")]
    Noncharacter,
    /// It has a character that changes the direction of the text around it (Unicode UAX #9, section 2).
    #[error("name must not contain bidirectional embeddings, overrides or isolates")]
    BidirectionalControl,
    /// It has U+FEFF, which is also the byte order mark.
    #[error("name must not contain U+FEFF, the byte order mark")]
    ByteOrderMark,
    /// It shows nothing.
    #[error("name must contain a visible character")]
    Invisible,
}

impl From<TextFault> for InvalidGroupName {
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
    fn each_rule_is_named() {
        let cases = [
            ("", InvalidGroupName::Empty),
            (&*"x".repeat(64), InvalidGroupName::TooLong),
            (&*"𝄞".repeat(64), InvalidGroupName::TooLong),
            ("a\0b", InvalidGroupName::ControlCharacter),
            ("a\nb", InvalidGroupName::ControlCharacter),
            ("\u{85}x", InvalidGroupName::ControlCharacter),
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

    #[test]
    fn case_distinguishes_names() {
        assert_ne!(GroupName::parse("A"), GroupName::parse("a"));
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
        fn a_control_character_anywhere_is_named(head in "[a-z]{0,5}", control in "\\p{Cc}", tail in "[a-z]{0,5}") {
            prop_assert_eq!(
                GroupName::parse(format!("{head}{control}{tail}")),
                Err(InvalidGroupName::ControlCharacter)
            );
        }

        #[test]
        fn a_name_too_long_is_named(raw in "[a-zà-ÿ]{64,200}") {
            prop_assert_eq!(GroupName::parse(raw), Err(InvalidGroupName::TooLong));
        }
    }
}
