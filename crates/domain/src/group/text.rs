//! The rule that the texts of a group share: how long, and of what.

/// The most Unicode scalar values that a name or a token may have.
pub(super) const MAX_CHARS: usize = 63;

/// What every text of a group must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextFault {
    Empty,
    TooLong,
    ControlCharacter,
}

/// Checks that `text` has 1 to [`MAX_CHARS`] scalar values, none of them a control character (Unicode `Cc`).
pub(super) fn check(text: &str) -> Result<(), TextFault> {
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
