//! Replies in JSON.

use super::{body::JSON, error::ApiError};
use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::header::{CONTENT_TYPE, HeaderValue},
};
use serde::Serialize;

/// Bytes that hold most groups and members, so that one allocation is enough.
const BODY_CAPACITY: usize = 256;

/// Completes a reply with a body. Unlike actix-web's own method, this does not copy the content type.
pub(super) fn reply(mut response: HttpResponseBuilder, body: &impl Serialize) -> HttpResponse {
    let mut json = Vec::with_capacity(BODY_CAPACITY);
    match serde_json::to_writer(&mut json, body) {
        Ok(()) => response.insert_header((CONTENT_TYPE, HeaderValue::from_static(JSON))).body(json),
        Err(error) => HttpResponse::from_error(ApiError::internal(error.into())),
    }
}
