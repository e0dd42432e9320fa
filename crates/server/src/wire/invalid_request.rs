//! The reasons to reject a request.

use gochat_domain::group::{InvalidIdempotencyKey, NothingToChange};
use std::borrow::Cow;

/// Reason to reject a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidRequest {
    /// The body is not a JSON object.
    #[error("{0}")]
    Malformed(Malformed),
    /// The name is missing or breaks a rule.
    #[error("{0}")]
    Name(Cow<'static, str>),
    /// The token is missing or breaks a rule.
    #[error("{0}")]
    Token(Cow<'static, str>),
    /// The administrator's id is missing or breaks a rule.
    #[error("{0}")]
    AdminId(Cow<'static, str>),
    /// The group's id is missing or breaks a rule.
    #[error("{0}")]
    GroupId(Cow<'static, str>),
    /// The user's id is missing or breaks a rule.
    #[error("{0}")]
    UserId(Cow<'static, str>),
    /// The Idempotency-Key breaks a rule.
    #[error(transparent)]
    IdempotencyKey(#[from] InvalidIdempotencyKey),
    /// A change has no field.
    #[error(transparent)]
    NothingToChange(#[from] NothingToChange),
}

/// Reason why a text is not a readable JSON object.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Malformed {
    /// The text begins with U+FEFF, which JSON must not have (RFC 8259, section 8.1).
    #[error("it begins with a byte order mark (EF BB BF)")]
    ByteOrderMark,
    /// The text begins with the byte order mark of UTF-16.
    #[error("it is UTF-16, not UTF-8")]
    Utf16,
    /// The text begins with the byte order mark of UTF-32.
    #[error("it is UTF-32, not UTF-8")]
    Utf32,
    /// The bytes are not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// The text is not JSON, or not an object. The error may quote the value that was found.
    #[error("{0}")]
    NotAnObject(serde_json::Error),
}
