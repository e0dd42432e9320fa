//! How a caller asks again without asking twice.

use super::Group;
use crate::auth::KeyId;

/// What a caller calls one wish, however often it asks: 1 to 255 visible ASCII characters, as the header
/// `Idempotency-Key` has them (draft-ietf-httpapi-idempotency-key-header).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Box<str>);

impl IdempotencyKey {
    /// The most characters.
    pub const MAX_LENGTH: usize = 255;

    /// Checks `raw`.
    pub fn parse(raw: &str) -> Result<Self, InvalidIdempotencyKey> {
        let is_valid =
            (1..=Self::MAX_LENGTH).contains(&raw.len()) && raw.bytes().all(|byte| byte.is_ascii_graphic());
        if is_valid { Ok(Self(raw.into())) } else { Err(InvalidIdempotencyKey) }
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// It is empty, too long, or has other characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Idempotency-Key must have 1 to 255 visible ASCII characters")]
pub struct InvalidIdempotencyKey;

/// One wish of one caller. Callers do not share their keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Idempotency {
    /// The API key of whoever asks.
    pub caller: KeyId,
    /// What the caller calls the wish.
    pub key: IdempotencyKey,
}

/// A group that was asked for, by this request or by one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The group.
    pub group: Group,
    /// Whether an earlier request of the same [`Idempotency`] created it.
    pub replayed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_1_to_255_visible_ascii_characters() {
        for raw in ["!", "~", "8e03978e-40d5-43dd-bc93-6894a57f9324", &"x".repeat(255)] {
            assert_eq!(IdempotencyKey::parse(raw).unwrap().as_str(), raw);
        }
        for raw in ["", " ", "a b", "a\t", "\u{7f}", "\u{e9}", &"x".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(raw), Err(InvalidIdempotencyKey), "{raw:?}");
        }
    }
}
