//! The header `Idempotency-Key`.

use crate::http::error::ApiError;
use actix_web::http::header::{HeaderMap, HeaderName};
use gochat_domain::group::IdempotencyKey;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says of a reply that an earlier request was answered with the same.
pub(in crate::http) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The key that was sent, if one was.
pub(super) fn sent_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, ApiError> {
    let mut sent = headers.get_all(&IDEMPOTENCY_KEY);
    let Some(first) = sent.next() else { return Ok(None) };
    let only = if sent.next().is_none() { first.to_str().unwrap_or_default() } else { "" };
    Ok(Some(IdempotencyKey::parse(only)?))
}
