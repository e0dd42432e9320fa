//! Request bodies: content type, size, time limit and completeness.

use super::{
    connection::BodySignals,
    error::{ApiError, Code},
};
use crate::wire::MAX_BYTES;
use actix_web::{
    FromRequest, HttpRequest,
    body::{BodyStream, SizedStream, to_bytes_limited},
    dev::Payload,
    http::header::{self, HeaderMap},
    rt::time::timeout,
    web::Bytes,
};
use futures_util::future::{Either, select};
use std::{
    future::{Ready, pending, ready},
    pin::pin,
    time::Duration,
};

/// Media type of a body of one object.
pub(super) const JSON: &str = "application/json";

/// Accepted media types of a path that also takes a body of lines, for error messages. [`JsonBody`] reads only JSON; a
/// body of lines goes to another handler, which takes a `LinesBody`.
pub(super) const JSON_OR_LINES: &str = "application/json or application/x-ndjson";

/// Longest time a client may take to send a body.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeLimit(pub(super) Duration);

/// A body that has not been read yet, so that a handler can check the caller first.
pub(super) struct JsonBody {
    request: HttpRequest,
    payload: Payload,
}

impl FromRequest for JsonBody {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self { request: request.clone(), payload: payload.take() }))
    }
}

impl JsonBody {
    /// Reads the body. Stops reading as soon as it is too large. The error for another media type than JSON names the
    /// `accepted` ones.
    pub(super) async fn read(self, accepted: &str) -> Result<Bytes, ApiError> {
        let Self { request, payload } = self;
        check_coding(request.headers())?;
        if !has_type(request.headers(), JSON) {
            return Err(ApiError::unsupported_media_type(accepted));
        }
        let TimeLimit(limit) = *request
            .app_data::<TimeLimit>()
            .ok_or_else(|| ApiError::internal(anyhow::anyhow!("no time limit is configured")))?;
        let declared = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse().ok());
        let signals = request.conn_data::<BodySignals>();
        if let Some(signals) = signals.filter(|_| declared.is_none_or(|length| length <= MAX_BYTES as u64)) {
            signals.want();
        }
        let body = pin!(collect(payload, declared));
        let too_large = pin!(too_large(signals.filter(|_| declared.is_none())));
        match timeout(limit, select(body, too_large)).await {
            Ok(Either::Left((body, _))) => body,
            Ok(Either::Right(_)) => Err(ApiError::body_too_large(MAX_BYTES)),
            Err(_) => Err(ApiError::request_timeout()),
        }
    }
}

/// Collects a body whose length is `declared`, or unknown.
async fn collect(payload: Payload, declared: Option<u64>) -> Result<Bytes, ApiError> {
    let body = match declared {
        Some(length) => to_bytes_limited(SizedStream::new(length, payload), MAX_BYTES).await,
        None => to_bytes_limited(BodyStream::new(payload), MAX_BYTES).await,
    };
    body.map_err(|_| ApiError::body_too_large(MAX_BYTES))?.map_err(|_| ApiError::body_cut_short())
}

/// Waits until the connection finds that the chunk sizes, extensions and trailers of a chunked body are too large.
pub(super) async fn too_large(signals: Option<&BodySignals>) {
    match signals {
        Some(signals) => signals.too_large().await,
        None => pending().await,
    }
}

/// Refuses a body with a content coding, such as gzip.
pub(super) fn check_coding(headers: &HeaderMap) -> Result<(), ApiError> {
    let coded = |coding: &header::HeaderValue| !coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(header::CONTENT_ENCODING).any(coded) {
        return Err(ApiError::new(Code::UnsupportedMediaType, "the body must not be encoded"));
    }
    Ok(())
}

/// Returns true if the body has this media type, with any parameters.
pub(super) fn has_type(headers: &HeaderMap, media_type: &str) -> bool {
    // Parameters have no meaning for JSON (RFC 8259, section 11), so they are ignored.
    let content_type = headers.get(header::CONTENT_TYPE).map(header::HeaderValue::as_bytes);
    let essence = content_type.and_then(|value| value.split(|byte| *byte == b';').next());
    essence.is_some_and(|essence| essence.trim_ascii().eq_ignore_ascii_case(media_type.as_bytes()))
}
