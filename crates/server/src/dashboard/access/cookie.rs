//! The cookie of a session.

use super::secret::SessionSecret;
use actix_web::{
    cookie::{Cookie, SameSite, time::Duration},
    dev::ServiceRequest,
};

/// Lifetime of the cookie in hours, which is that of the session.
const HOURS: i64 = 12;

/// How the listener names and protects the cookie.
#[derive(Debug, Clone, Copy)]
pub(super) struct SessionCookie {
    name: &'static str,
    is_secure: bool,
}

impl SessionCookie {
    /// The cookie of a listener that speaks HTTPS (`is_encrypted`), or HTTP.
    pub(super) fn of(is_encrypted: bool) -> Self {
        // Of a cookie with the prefix, the browser ensures that only this host has set it, by HTTPS.
        let name = if is_encrypted { "__Host-gochat_session" } else { "gochat_session" };
        Self { name, is_secure: is_encrypted }
    }

    /// The cookie to send to the browser.
    pub(super) fn set(self, session: &SessionSecret) -> Cookie<'static> {
        Cookie::build(self.name, session.expose().to_owned())
            .path("/")
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(self.is_secure)
            .max_age(Duration::hours(HOURS))
            .finish()
    }

    /// The session that the browser sent.
    pub(super) fn get(self, request: &ServiceRequest) -> Option<SessionSecret> {
        SessionSecret::parse(request.cookie(self.name)?.value())
    }
}
