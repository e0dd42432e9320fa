//! The delimiter of a CSV file.

use std::str::FromStr;

/// One ASCII character that is not a letter, a digit, a quote or a line break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiter(u8);

/// Error for a text that is not a delimiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected one ASCII character that is not a letter, a digit, a quote or a line break; or the word tab"
)]
pub struct InvalidDelimiter;

impl Delimiter {
    /// The delimiter of RFC 4180.
    pub const COMMA: Self = Self(b',');
    /// The delimiter of spreadsheets in locales with a decimal comma.
    pub const SEMICOLON: Self = Self(b';');
    /// The delimiter of cells copied from a spreadsheet.
    pub const TAB: Self = Self(b'\t');

    /// Checks that a byte can be a delimiter.
    pub fn new(byte: u8) -> Result<Self, InvalidDelimiter> {
        let is_allowed = byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n\0".contains(&byte);
        if is_allowed { Ok(Self(byte)) } else { Err(InvalidDelimiter) }
    }

    /// Returns the character.
    pub fn byte(self) -> u8 {
        self.0
    }
}

impl FromStr for Delimiter {
    type Err = InvalidDelimiter;

    fn from_str(text: &str) -> Result<Self, InvalidDelimiter> {
        match text.as_bytes() {
            // Shells make a literal tab hard to type.
            b"tab" | b"\\t" => Ok(Self::TAB),
            [byte] => Self::new(*byte),
            _ => Err(InvalidDelimiter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_is_one_ascii_character() {
        for (text, delimiter) in [
            (",", Delimiter::COMMA),
            (";", Delimiter::SEMICOLON),
            ("tab", Delimiter::TAB),
            ("\\t", Delimiter::TAB),
            ("\t", Delimiter::TAB),
            ("|", Delimiter(b'|')),
        ] {
            assert_eq!(text.parse(), Ok(delimiter), "{text:?}");
        }
        for text in ["", ",,", "a", "7", "\"", "\n", "\r", "\0", "\u{a7}", "comma"] {
            assert_eq!(text.parse::<Delimiter>(), Err(InvalidDelimiter), "{text:?}");
        }
    }
}
