//! Middleware around every path of the dashboard.

use super::{Access, headers, site};
use crate::dashboard::page;
use actix_web::{
    Error, HttpResponse, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::Next,
    web::ThinData,
};

/// Answers requests for another host and requests from another page, and sets the headers of every reply.
pub(in crate::dashboard) async fn guard<B: MessageBody>(
    ThinData(access): ThinData<Access>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let mut response = match refusal(&access, &request) {
        Ok(Some(refusal)) => request.into_response(refusal.map_into_right_body()),
        Err(failure) => request.into_response(failure.error_response().map_into_right_body()),
        Ok(None) => next.call(request).await?.map_into_left_body(),
    };
    headers::set(response.headers_mut());
    Ok(response)
}

/// Returns the refusal of a request that may not be served.
fn refusal(access: &Access, request: &ServiceRequest) -> Result<Option<HttpResponse>, page::Failure> {
    // An unknown path has nothing to protect.
    if request.match_pattern().is_none_or(|pattern| pattern.is_empty()) {
        return Ok(None);
    }
    let Ok(own_origin) = access.0.names.origin(request.head()) else {
        let text = "The dashboard has another name. `gochat dashboard` prints its address.";
        return page::message(StatusCode::MISDIRECTED_REQUEST, "Refused", text).map(Some);
    };
    if site::check(request.method(), request.headers(), &own_origin).is_err() {
        return page::message(StatusCode::FORBIDDEN, "Refused", "The request came from another page.")
            .map(Some);
    }
    Ok(None)
}
