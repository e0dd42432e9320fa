//! Middleware around every page of the dashboard.

use super::{Access, headers, session::Session, site};
use crate::dashboard::{
    page,
    routes::{ASSET, OPEN},
};
use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{HeaderValue, WWW_AUTHENTICATE},
    },
    middleware::Next,
    web::ThinData,
};

/// Answers requests that may not be served, and sets the headers of every reply.
pub(in crate::dashboard) async fn guard<B: MessageBody>(
    ThinData(access): ThinData<Access>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let mut response = match admit(&access, &request).await? {
        Some(refusal) => request.into_response(refusal.map_into_right_body()),
        None => match next.call(request).await {
            Ok(response) => response.map_into_left_body(),
            Err(error) => return Err(error),
        },
    };
    headers::set(response.headers_mut());
    Ok(response)
}

/// Returns the refusal of a request that may not be served.
async fn admit(access: &Access, request: &ServiceRequest) -> Result<Option<HttpResponse>, page::Failure> {
    let pattern = request.match_pattern();
    // An unknown path has nothing to protect.
    let Some(pattern) = pattern.as_deref().filter(|pattern| !pattern.is_empty()) else { return Ok(None) };
    let Ok(own_origin) = access.0.names.origin(request.head()) else {
        let text = "The dashboard has another name. `gochat dashboard` prints its address.";
        return page::message(StatusCode::MISDIRECTED_REQUEST, "Refused", text).map(Some);
    };
    if site::check(request.method(), request.headers(), &own_origin).is_err() {
        return page::message(StatusCode::FORBIDDEN, "Refused", "The request came from another page.")
            .map(Some);
    }
    if [OPEN, ASSET].contains(&pattern) {
        return Ok(None);
    }
    if let Some(secret) = access.0.cookie.get(request)
        && access.0.sessions.is_valid(&secret).await?
    {
        request.extensions_mut().insert(Session::verified(secret));
        return Ok(None);
    }
    let text = "There is no session in this browser. Run `gochat dashboard` on the machine of the service, and open the link \
                that it prints.";
    let mut refusal = page::message(StatusCode::UNAUTHORIZED, "Dashboard", text)?;
    refusal
        .headers_mut()
        .insert(WWW_AUTHENTICATE, HeaderValue::from_static(r#"GoChat-Dashboard realm="gochat""#));
    Ok(Some(refusal))
}
