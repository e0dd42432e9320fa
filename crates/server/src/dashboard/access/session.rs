//! The session of a request.

use super::derived;
use crate::dashboard::page::{self, Layout, Tab};
use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, dev::Payload, error::ErrorUnauthorized,
};
use gochat_domain::auth::{Caller, DashboardSecret};
use std::future::{Ready, ready};

/// A valid session. A handler that takes it cannot run without one.
#[derive(Debug, Clone)]
pub(in crate::dashboard) struct Session(DashboardSecret);

impl Session {
    /// The session of a secret that was verified or has just been made.
    pub(super) fn of(secret: DashboardSecret) -> Self {
        Self(secret)
    }

    /// The secret.
    pub(super) fn secret(&self) -> &DashboardSecret {
        &self.0
    }

    /// The token that a change needs.
    pub(super) fn csrf_token(&self) -> String {
        derived::csrf_token(&self.0)
    }

    /// Path of the first page. The paths of all other pages begin with it.
    pub(in crate::dashboard) fn home(&self) -> String {
        format!("/s/{}/", derived::path_segment(&self.0))
    }

    /// The layout of a page of `tab`.
    pub(in crate::dashboard) fn layout(&self, tab: Tab) -> Layout {
        Layout::of(tab, self.home(), self.csrf_token())
    }

    /// Sends the browser to a page, whose path below [`Self::home`] is `page`.
    pub(in crate::dashboard) fn redirect(&self, page: &str) -> HttpResponse {
        page::redirect(&format!("{}{page}", self.home()))
    }

    /// The caller of the use cases.
    #[allow(clippy::unused_self, reason = "only the holder of a session acts as the operator")]
    pub(in crate::dashboard) fn operator(&self) -> Caller {
        Caller::operator()
    }
}

impl FromRequest for Session {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // The guard has answered requests without a session already.
        ready(request.extensions().get::<Self>().cloned().ok_or_else(|| ErrorUnauthorized("no session")))
    }
}
