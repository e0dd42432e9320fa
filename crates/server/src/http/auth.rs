//! Authentication. A handler that takes an [`Authenticated`] runs only for a valid key with the required scope.

use super::{error::ApiError, headers::GOCHAT_TOKEN};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header::HeaderMap, web::ThinData,
};
use gochat_domain::{
    auth::{ApiKey, Caller, GrantableScope, KeyId, Permit},
    ports::Authenticator,
};
use std::{future::Future, pin::Pin, sync::Arc};

/// A caller with a valid key that has the scope `S`.
pub(super) struct Authenticated<S> {
    /// Proof that the caller has the scope.
    pub(super) permit: Permit<S>,
    /// The caller, who may have further scopes.
    pub(super) caller: Caller,
}

/// Id of the caller's key, stored in the request's extensions for the log.
pub(super) struct CallerKey(pub(super) KeyId);

impl<S: GrantableScope> FromRequest for Authenticated<S> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let caller = authenticate(&request).await?;
            request.extensions_mut().insert(CallerKey(caller.key_id()));
            Ok(Self { permit: caller.permit()?, caller })
        })
    }
}

/// Authenticates the sender of a request by its key.
pub(super) async fn authenticate(request: &HttpRequest) -> Result<Caller, ApiError> {
    let key = sent_key(request.headers()).ok_or_else(ApiError::unauthorized)?;
    let authenticator = request
        .app_data::<ThinData<Arc<dyn Authenticator>>>()
        .ok_or_else(|| ApiError::internal(anyhow::anyhow!("no authenticator is configured")))?;
    Ok(authenticator.authenticate(&key).await?)
}

/// Returns the key that was sent; `None` unless exactly one was.
fn sent_key(headers: &HeaderMap) -> Option<ApiKey> {
    let mut sent = headers.get_all(&GOCHAT_TOKEN);
    match (sent.next(), sent.next()) {
        (Some(key), None) => ApiKey::parse(str::from_utf8(key.as_bytes()).ok()?).ok(),
        _ => None,
    }
}
