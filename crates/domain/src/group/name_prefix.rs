//! The beginning of a name, by which groups are listed.

use super::GroupName;
use crate::text::{self, MAX_CHARS};
use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The beginning of names of groups: 1 to 63 Unicode scalar values in Normalisation Form C (Unicode UAX #15).
///
/// It is compared byte for byte. Unlike a name, it may end with white space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupNamePrefix(Box<str>);

impl GroupNamePrefix {
    /// Normalises `raw` to NFC and checks it.
    pub fn parse<'a>(raw: impl Into<Cow<'a, str>>) -> Result<Self, InvalidGroupNamePrefix> {
        let raw = raw.into();
        let prefix = if is_nfc(&raw) { raw } else { raw.nfc().collect() };
        text::check(&prefix).map_err(|_| InvalidGroupNamePrefix)?;
        Ok(Self(prefix.into()))
    }

    /// The text, in NFC.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if the name begins with this prefix.
    pub fn is_prefix_of(&self, name: &GroupName) -> bool {
        name.as_str().starts_with(&*self.0)
    }

    /// A text that no name with this prefix exceeds, in the order of bytes. Each text from the prefix up to this one
    /// begins with the prefix.
    pub fn greatest_name(&self) -> String {
        let mut greatest = String::from(&*self.0);
        greatest.extend(std::iter::repeat_n(char::MAX, MAX_CHARS));
        greatest
    }
}

/// The text cannot be the beginning of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the beginning of a name must have 1 to 63 characters, none of them a control character")]
pub struct InvalidGroupNamePrefix;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_prefix_is_not_empty_has_63_characters_at_most_and_no_control_character() {
        for raw in ["", &*"x".repeat(64), "a\0"] {
            assert_eq!(GroupNamePrefix::parse(raw), Err(InvalidGroupNamePrefix), "{raw:?}");
        }
        assert!(GroupNamePrefix::parse("x".repeat(63)).is_ok());
    }

    #[test]
    fn a_prefix_is_normalised_and_may_end_with_white_space() {
        assert_eq!(GroupNamePrefix::parse("e\u{301} ").unwrap().as_str(), "\u{e9} ");
    }

    proptest! {
        #[test]
        fn the_names_from_a_prefix_to_its_greatest_name_are_those_that_begin_with_it(
            prefix in "[ab\u{7ff}\u{ffff}\u{10ffff}]{1,3}",
            name in "[ab\u{7ff}\u{ffff}\u{10ffff}]{1,63}",
        ) {
            let prefix = GroupNamePrefix::parse(prefix).unwrap();
            let name = GroupName::parse_existing(name).unwrap();
            let is_in_range = (prefix.as_str()..=&*prefix.greatest_name()).contains(&name.as_str());
            prop_assert_eq!(is_in_range, prefix.is_prefix_of(&name));
        }
    }
}
