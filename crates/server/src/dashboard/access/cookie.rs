//! The cookie of a session.

use super::session::Session;
use actix_web::{
    cookie::{Cookie, SameSite, time::Duration},
    dev::ServiceRequest,
};
use gochat_domain::auth::{DashboardSecret, DashboardSession};

/// The name and the protection of the cookie.
#[derive(Debug, Clone, Copy)]
pub(super) struct SessionCookie {
    name: &'static str,
    is_secure: bool,
}

impl SessionCookie {
    /// The cookie of a listener that speaks HTTPS (`is_encrypted`), or HTTP.
    pub(super) fn of(is_encrypted: bool) -> Self {
        // A browser accepts a cookie with the prefix `__Secure-` only by HTTPS. A cookie with the prefix `__Host-` would
        // have the path `/`, so other ports would receive it.
        let name = if is_encrypted { "__Secure-gochat_session" } else { "gochat_session" };
        Self { name, is_secure: is_encrypted }
    }

    /// The cookie to send to the browser. Browsers send a cookie to every port of a host, but only with requests for
    /// paths below that of the cookie, which is secret.
    pub(super) fn set(self, session: &Session) -> Cookie<'static> {
        Cookie::build(self.name, session.secret().expose().to_owned())
            .path(session.home())
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(self.is_secure)
            .max_age(Duration::seconds_f64(DashboardSession::LIFETIME.as_secs_f64()))
            .finish()
    }

    /// The session that the browser sent.
    pub(super) fn get(self, request: &ServiceRequest) -> Option<DashboardSecret> {
        DashboardSecret::parse(request.cookie(self.name)?.value()).ok()
    }
}
