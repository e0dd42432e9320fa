//! A change, with the token that it needs.

use super::session::Session;
use crate::dashboard::page;
use actix_web::{Error, FromRequest, HttpRequest, dev::Payload, http::StatusCode, web::Form};
use futures_util::{FutureExt, future::LocalBoxFuture};
use serde::{Deserialize, de::DeserializeOwned};
use subtle::ConstantTimeEq;

/// A change that a page of the session sent: its form, whose field `csrf` has the right token.
pub(in crate::dashboard) struct Change<T> {
    /// The session.
    pub(in crate::dashboard) session: Session,
    /// The other fields of the form.
    pub(in crate::dashboard) form: T,
}

#[derive(Deserialize)]
struct WithToken<T> {
    #[serde(default)]
    csrf: String,
    #[serde(flatten)]
    form: T,
}

impl<T: DeserializeOwned + 'static> FromRequest for Change<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let session = Session::from_request(request, &mut Payload::None).into_inner();
        let form = Form::<WithToken<T>>::from_request(request, payload);
        async move {
            let session = session?;
            let WithToken { csrf, form } = form.await?.into_inner();
            if !bool::from(csrf.as_bytes().ct_eq(session.csrf_token().as_bytes())) {
                return Err(page::refusal(
                    StatusCode::FORBIDDEN,
                    "The form belongs to another session. Load the page again, then repeat the change.",
                ));
            }
            Ok(Self { session, form })
        }
        .boxed_local()
    }
}
