//! Pages of other origins (CORS): which may call, what they may send, and what they may read.

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

/// How many seconds a browser may go without asking again.
const MAX_AGE: usize = 3600;

/// Headers of requests that the service reads.
const READ: [HeaderName; 4] = [GOCHAT_TOKEN, header::CONTENT_TYPE, IDEMPOTENCY_KEY, X_REQUEST_ID];

/// The headers that every page may send without asking (Fetch, CORS-safelisted request-header). It asks where a value is
/// unusual, and some clients list them always. `Content-Type` stands above.
const SAFELISTED: [HeaderName; 4] =
    [header::ACCEPT, header::ACCEPT_LANGUAGE, header::CONTENT_LANGUAGE, header::RANGE];

/// What adds the headers of CORS to every reply, and answers preflights.
pub(super) fn headers(origins: AllowedOrigins) -> Cors {
    Cors::default()
        .allowed_origin_fn(move |origin, _| origin.to_str().is_ok_and(|origin| origins.allows(origin)))
        .allowed_methods([Method::GET, Method::HEAD, Method::POST])
        .allowed_headers(READ.into_iter().chain(TRACING).chain(SAFELISTED))
        .expose_headers([header::LOCATION, header::LINK, X_REQUEST_ID, IDEMPOTENCY_REPLAYED])
        .max_age(MAX_AGE)
        // Clients other than browsers can forge `Origin`; only the browser enforces the policy.
        .block_on_origin_mismatch(false)
}

/// Stands around [`headers`]: a preflight, which goes no further than there, gets what every reply has in common.
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
        // The preflight of a page that may not call is answered as any other OPTIONS is.
        request.headers_mut().remove(header::ACCESS_CONTROL_REQUEST_METHOD);
    }
    let mut response = if is_preflight(&request) {
        envelope::wrap(metrics, hosts, proxies, request, next).await?
    } else {
        next.call(request).await?.map_into_left_body()
    };
    if !allowed {
        // They are there for everybody, and of no use without the permission.
        response.headers_mut().remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
    }
    Ok(response)
}

/// Whether [`Cors`] answers the request itself.
fn is_preflight(request: &ServiceRequest) -> bool {
    let asked_for = request.headers().get(header::ACCESS_CONTROL_REQUEST_METHOD);
    request.method() == Method::OPTIONS
        && asked_for.is_some_and(|method| Method::from_bytes(method.as_bytes()).is_ok())
}
