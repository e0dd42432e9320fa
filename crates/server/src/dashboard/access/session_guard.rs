//! Middleware around the pages of sessions.

use super::{Access, derived, session::Session};
use crate::dashboard::page;
use actix_web::{
    Error, HttpMessage, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::ThinData,
};
use gochat_domain::ports::StorageError;
use subtle::ConstantTimeEq;

/// Name of the parameter in the path of every page of a session.
pub(in crate::dashboard) const SEGMENT: &str = "session";

/// Answers requests without a valid session.
pub(in crate::dashboard) async fn session_guard<B: MessageBody>(
    ThinData(access): ThinData<Access>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let refusal = match session(&access, &request).await {
        Ok(Some(session)) => {
            request.extensions_mut().insert(session);
            return Ok(next.call(request).await?.map_into_left_body());
        }
        Ok(None) => page::no_session().unwrap_or_else(|failure| failure.error_response()),
        // A reply instead of an error, so that it gets the headers of every reply.
        Err(error) => page::Failure::from(error).error_response(),
    };
    Ok(request.into_response(refusal.map_into_right_body()))
}

/// Returns the session of the cookie, if it is valid and the path is that of the same session.
async fn session(access: &Access, request: &ServiceRequest) -> Result<Option<Session>, StorageError> {
    let Some(secret) = access.0.cookie.get(request) else { return Ok(None) };
    let (own, requested) = (derived::path_segment(&secret), request.match_info().get(SEGMENT));
    let is_own = own.as_bytes().ct_eq(requested.unwrap_or_default().as_bytes());
    if !bool::from(is_own) || !access.0.sessions.is_valid(&secret).await? {
        return Ok(None);
    }
    Ok(Some(Session::of(secret)))
}
