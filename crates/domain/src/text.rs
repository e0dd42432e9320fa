//! Validation rules shared by names, tokens and keys.

use std::str::FromStr;

/// Maximum number of Unicode scalar values in a text.
pub(crate) const MAX_CHARS: usize = 63;

/// The rule that a text breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextError {
    Empty,
    TooLong,
    ControlCharacter,
}

/// Checks that `text` has 1 to [`MAX_CHARS`] scalar values, none of them a control character (Unicode `Cc`).
pub(crate) fn check(text: &str) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    // A text of at most this many bytes need not be decoded to count its characters.
    if text.len() > MAX_CHARS && text.chars().nth(MAX_CHARS).is_some() {
        return Err(TextError::TooLong);
    }
    // Most texts are ASCII, which need not be decoded either.
    let has_control = if text.is_ascii() {
        text.bytes().any(|byte| byte.is_ascii_control())
    } else {
        text.chars().any(char::is_control)
    };
    if has_control { Err(TextError::ControlCharacter) } else { Ok(()) }
}

/// Parses ASCII digits only: `from_str` of an integer also accepts a sign.
pub(crate) fn parse_digits<T: FromStr>(digits: &str) -> Option<T> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// Maximum length of an API key or an Idempotency-Key.
pub(crate) const MAX_KEY_CHARS: usize = 255;

/// Returns true if `raw` has 1 to [`MAX_KEY_CHARS`] visible ASCII characters, so that a header can carry it.
pub(crate) fn is_valid_key(raw: &str) -> bool {
    (1..=MAX_KEY_CHARS).contains(&raw.len()) && raw.bytes().all(|byte| byte.is_ascii_graphic())
}
