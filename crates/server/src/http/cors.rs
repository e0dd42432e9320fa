//! Cross-origin requests (CORS).

use super::{
    envelope,
    headers::{GOCHAT_TOKEN, IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED, TRACING, X_REQUEST_ID},
    metrics::HttpMetrics,
};
use crate::{
    hosts::Hosts,
    settings::{AllowedOrigins, TrustedProxies},
};
use actix_cors::Cors;
use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderName},
    },
    middleware::Next,
};
use std::rc::Rc;

/// Seconds for which a browser may cache a preflight.
const MAX_AGE: usize = 3600;

/// Request headers that the service reads.
const READ_HEADERS: [HeaderName; 6] = [
    GOCHAT_TOKEN,
    header::CONTENT_TYPE,
    IDEMPOTENCY_KEY,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    X_REQUEST_ID,
];

/// Headers that a page may send without a preflight, unless their values are unusual (Fetch, CORS-safelisted
/// request-header). Some clients list them in every preflight. `Content-Type` is in [`READ_HEADERS`].
const SAFELISTED: [HeaderName; 4] =
    [header::ACCEPT, header::ACCEPT_LANGUAGE, header::CONTENT_LANGUAGE, header::RANGE];

/// Builds the middleware that adds CORS headers to every reply and answers preflights.
pub(super) fn middleware(origins: AllowedOrigins) -> Cors {
    Cors::default()
        .allowed_origin_fn(move |origin, _| origin.to_str().is_ok_and(|origin| origins.allows(origin)))
        .allowed_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allowed_headers(READ_HEADERS.into_iter().chain(TRACING).chain(SAFELISTED))
        .expose_headers([header::ETAG, header::LOCATION, header::LINK, X_REQUEST_ID, IDEMPOTENCY_REPLAYED])
        .max_age(MAX_AGE)
        // Clients other than browsers can forge `Origin`; only the browser enforces the policy.
        .block_on_origin_mismatch(false)
}

/// Runs around [`middleware`]. That middleware answers preflights without the envelope, so this one wraps them in the
/// envelope, which adds the common headers.
pub(super) async fn wrap<B: MessageBody + 'static>(
    origins: AllowedOrigins,
    metrics: Rc<HttpMetrics>,
    hosts: Hosts,
    proxies: Rc<TrustedProxies>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let origin = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let allowed = origin.is_some_and(|origin| origins.allows(origin));
    if !allowed {
        // A preflight of a disallowed origin is answered like any other OPTIONS request.
        request.headers_mut().remove(header::ACCESS_CONTROL_REQUEST_METHOD);
    }
    let asked_headers = request.headers().get_all(header::ACCESS_CONTROL_REQUEST_HEADERS);
    if asked_headers.into_iter().all(|headers| headers.as_bytes().iter().all(|byte| b", \t".contains(byte))) {
        // [`Cors`] refuses an empty list.
        request.headers_mut().remove(header::ACCESS_CONTROL_REQUEST_HEADERS);
    }
    let mut response = if is_preflight(&request) {
        envelope::wrap(metrics, hosts, proxies, request, next).await?
    } else {
        next.call(request).await?.map_into_left_body()
    };
    if !allowed {
        // The middleware adds `Access-Control-Expose-Headers` to every reply, but the header has no effect unless the
        // origin is allowed.
        response.headers_mut().remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
    }
    Ok(response)
}

/// Returns true if [`Cors`] answers the request itself.
fn is_preflight(request: &ServiceRequest) -> bool {
    let asked_for = request.headers().get(header::ACCESS_CONTROL_REQUEST_METHOD);
    request.method() == Method::OPTIONS
        && asked_for.is_some_and(|method| Method::from_bytes(method.as_bytes()).is_ok())
}
