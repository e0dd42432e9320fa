//! The rules that texts share.

use std::str::FromStr;

/// The most Unicode scalar values that a text may have.
const MAX_CHARS: usize = 63;

/// What no text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextFault {
    Empty,
    TooLong,
    ControlCharacter,
}

/// Checks that `text` has 1 to [`MAX_CHARS`] scalar values, none of them a control character (Unicode `Cc`).
pub(crate) fn check(text: &str) -> Result<(), TextFault> {
    if text.is_empty() {
        return Err(TextFault::Empty);
    }
    if text.chars().nth(MAX_CHARS).is_some() {
        return Err(TextFault::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(TextFault::ControlCharacter);
    }
    Ok(())
}

/// Reads ASCII digits alone: `from_str` of an integer also takes a sign.
pub(crate) fn parse_digits<T: FromStr>(digits: &str) -> Option<T> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// The most characters of a key, be it an API key or an Idempotency-Key.
pub(crate) const MAX_KEY_CHARS: usize = 255;

/// Whether `raw` has 1 to [`MAX_KEY_CHARS`] visible ASCII characters, so that a header can carry it.
pub(crate) fn is_key(raw: &str) -> bool {
    (1..=MAX_KEY_CHARS).contains(&raw.len()) && raw.bytes().all(|byte| byte.is_ascii_graphic())
}
