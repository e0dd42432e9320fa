//! Middleware around every request: request id, common headers, error bodies and the access log.

mod lines_reply;

use super::{
    auth::CallerKey,
    client,
    error::{ApiError, Code, PROBLEM_JSON},
    headers::X_REQUEST_ID,
    lines::{self, LineCounts},
    metrics::{self, HttpMetrics, UNKNOWN},
    refusals::Refusal,
    request_id::{self, RequestId},
    trace_id::TraceId,
    unread_body::SharedBody,
};
use crate::{hosts::Hosts, settings::TrustedProxies};
use actix_cors::CorsError;
use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderValue, Quality, QualityItem, from_comma_delimited},
    },
    middleware::Next,
    mime::Mime,
};
use anyhow::anyhow;
use futures_util::FutureExt;
use gochat_domain::{
    auth::KeyId,
    clock::{Clock, SystemClock},
};
use lines_reply::LinesReply;
use std::{cell::Cell, net::IpAddr, panic::AssertUnwindSafe, rc::Rc, time::Instant};
use uuid::Uuid;

/// Checks the host, serves the request and completes the reply. A panic is answered like any other internal error.
pub(super) async fn wrap<B: MessageBody + 'static>(
    metrics: Rc<HttpMetrics>,
    hosts: Hosts,
    proxies: Rc<TrustedProxies>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    let envelope = Envelope {
        started_at: Instant::now(),
        request_id: request_id::from_headers(request.headers()),
        peer: client::address(peer, request.headers(), &proxies),
        wants_problem: accepts_problem(request.headers()),
        method: metrics::method(request.method()),
        trace_id: TraceId::from_headers(request.headers()),
        code: Cell::new(None),
        metrics,
    };
    if lines::has_lines(request.headers()) {
        request.extensions_mut().insert(RequestId(envelope.request_id.clone()));
    }
    let body = SharedBody::share(&mut request);
    if let Err(misdirected) = hosts.check(request.head()) {
        let refusal = envelope.render(&ApiError::from(misdirected).into(), body);
        return Ok(envelope.complete(request.into_response(refusal.map_into_right_body())));
    }
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(Ok(response)) => {
            let (request, response) = response.into_parts();
            let response = match (response.error(), body) {
                (Some(error), body) => envelope.render(error, body).map_into_right_body(),
                (None, Some(body)) => body.keep_until_sent(response).map_into_right_body(),
                (None, None) => response.map_into_left_body(),
            };
            Ok(envelope.complete(ServiceResponse::new(request, response)))
        }
        // A `ServiceResponse` needs the request, but the failed call has consumed it. So the reply is returned inside
        // an error.
        Ok(Err(error)) => Err(envelope.fail(&error, body)),
        Err(_) => Err(envelope.fail(&ApiError::internal(anyhow!("the handler panicked")).into(), body)),
    }
}

/// Facts about a request, collected before it is served.
struct Envelope {
    started_at: Instant,
    request_id: HeaderValue,
    /// Address of the client, as far as it is known.
    peer: Option<IpAddr>,
    wants_problem: bool,
    method: &'static str,
    trace_id: Option<TraceId>,
    /// The code of the error that was rendered, if any.
    code: Cell<Option<Code>>,
    metrics: Rc<HttpMetrics>,
}

impl Envelope {
    fn id(&self) -> &str {
        self.request_id.to_str().unwrap_or_default()
    }

    /// Renders an error and logs its cause. An unread request body is kept alive until the reply is sent.
    fn render(&self, error: &Error, body: Option<SharedBody>) -> HttpResponse {
        let rendered = self.render_error(error);
        match body {
            Some(body) => body.keep_until_sent(rendered),
            None => rendered,
        }
    }

    fn render_error(&self, error: &Error) -> HttpResponse {
        if let Some(error) = error.as_error::<ApiError>() {
            self.render_api_error(error)
        } else if let Some(refusal) = error.as_error::<CorsError>() {
            self.render_api_error(&refusal.into())
        } else {
            // Only this service's own errors are expected; the text of any other is not shown.
            self.render_api_error(&ApiError::internal(anyhow!("{error}")))
        }
    }

    fn render_api_error(&self, error: &ApiError) -> HttpResponse {
        self.code.set(Some(error.code()));
        if let Some(cause) = &error.cause {
            tracing::error!(request_id = self.id(), cause = format!("{cause:#}"), "{error}");
        }
        error.render(self.id(), self.wants_problem)
    }

    /// Records the request, and adds the common headers. A reply of lines is logged when it ends.
    fn complete<B: MessageBody + 'static>(
        self,
        mut response: ServiceResponse<EitherBody<B>>,
    ) -> ServiceResponse<EitherBody<B>> {
        let (request, status) = (response.request(), response.status());
        let key = request.extensions().get::<CallerKey>().map(|key| key.0);
        let route = request.match_pattern();
        self.count(route.as_deref(), status);
        let lines = response.response().extensions().get::<Rc<LineCounts>>().cloned();
        let Some(lines) = lines else {
            self.log(route.as_deref(), status, key, None);
            self.record_refusal(route, status, key);
            add_headers(response.headers_mut(), self.request_id);
            return response;
        };
        add_headers(response.headers_mut(), self.request_id.clone());
        response.map_body(|_, body| {
            let body = LinesReply { body: body.boxed(), envelope: self, route, status, key, lines };
            EitherBody::right(BoxBody::new(body))
        })
    }

    /// Renders the reply to a call that failed, and returns it inside an error.
    fn fail(self, error: &Error, body: Option<SharedBody>) -> Error {
        let mut response = self.render(error, body);
        self.count(None, response.status());
        self.log(None, response.status(), None, None);
        self.record_refusal(None, response.status(), None);
        add_headers(response.headers_mut(), self.request_id);
        InternalError::from_response("the reply is already rendered", response).into()
    }

    fn count(&self, route: Option<&str>, status: StatusCode) {
        self.metrics.record_request(route.unwrap_or(UNKNOWN), self.method, status, self.started_at.elapsed());
    }

    /// Records the request as refused if an error was rendered.
    fn record_refusal(&self, route: Option<String>, status: StatusCode, key: Option<KeyId>) {
        let Some(code) = self.code.get() else { return };
        self.metrics.record_refusal(|| Refusal {
            at: SystemClock.now(),
            method: self.method,
            route: route.unwrap_or_else(|| UNKNOWN.to_owned()),
            status,
            code,
            key,
            request_id: self.id().into(),
        });
    }

    /// Logs the request, with the pattern of its path, never the path itself.
    fn log(&self, route: Option<&str>, status: StatusCode, key: Option<KeyId>, lines: Option<&LineCounts>) {
        let mut buffer = Uuid::encode_buffer();
        let key = key.map(|KeyId(id)| &*id.hyphenated().encode_lower(&mut buffer));
        tracing::info!(
            request_id = self.id(),
            peer = self.peer.map(tracing::field::display),
            method = self.method,
            route = route.unwrap_or(UNKNOWN),
            status = status.as_u16(),
            latency_us = u64::try_from(self.started_at.elapsed().as_micros()).unwrap_or(u64::MAX),
            key,
            trace_id = self.trace_id.as_ref().map(TraceId::as_str),
            lines = lines.map(LineCounts::lines),
            failed_lines = lines.map(LineCounts::failed),
            end = lines.map(|lines| lines.end().as_str()),
            "request"
        );
    }
}

fn add_headers(headers: &mut HeaderMap, request_id: HeaderValue) {
    headers.insert(X_REQUEST_ID, request_id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// Returns true if the client accepts errors in the format of RFC 9457.
fn accepts_problem(headers: &HeaderMap) -> bool {
    let ranges = from_comma_delimited(headers.get_all(header::ACCEPT)).unwrap_or_default();
    ranges.iter().any(|range: &QualityItem<Mime>| {
        range.item.essence_str() == PROBLEM_JSON && range.quality > Quality::ZERO
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_sent_only_if_accept_names_it() {
        let cases = [
            ("application/problem+json", true),
            ("application/json, application/problem+json ; q=0.5", true),
            ("APPLICATION/Problem+JSON", true),
            ("application/problem+json;q=0", false),
            ("application/json", false),
            ("*/*", false),
            (";;", false),
        ];
        for (accept, wanted) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(accepts_problem(&headers), wanted, "{accept}");
        }
        assert!(!accepts_problem(&HeaderMap::new()));
    }
}
