//! The rule that texts share: how long, and of what.

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
