//! The header `Idempotency-Key`.

use crate::http::{error::ApiError, headers::IDEMPOTENCY_KEY};
use actix_web::http::header::HeaderMap;
use gochat_domain::group::IdempotencyKey;

/// Returns the key that was sent, if any.
pub(super) fn sent_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, ApiError> {
    let mut sent = headers.get_all(&IDEMPOTENCY_KEY);
    let Some(first) = sent.next() else { return Ok(None) };
    let only = if sent.next().is_none() { first.to_str().unwrap_or_default() } else { "" };
    Ok(Some(IdempotencyKey::parse(only)?))
}
