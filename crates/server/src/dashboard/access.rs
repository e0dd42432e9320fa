//! Access to the dashboard: only from the browser in which the operator opened a one-time link, and there only from the
//! dashboard's own pages.
//!
//! 1. The host that a request names is the listener's own ([`names`]). This stops DNS rebinding: a foreign domain that
//!    resolves to this machine.
//! 2. The request does not come from a page of another origin ([`site`]).
//! 3. It has the cookie of a session, and the path of the same session ([`session_guard`]), unless it is for the link
//!    itself or for an asset.
//! 4. A change has a token that only a page of the session knows ([`change`]).

mod change;
mod cookie;
mod derived;
mod guard;
mod headers;
mod names;
mod session;
mod session_guard;
mod sessions;
mod site;

pub(super) use change::Change;
pub(super) use guard::guard;
pub(crate) use names::Names;
pub(super) use session::Session;
pub(super) use session_guard::{SEGMENT, session_guard};

use actix_web::cookie::Cookie;
use cookie::SessionCookie;
use gochat_domain::{
    auth::DashboardSecret,
    clock::Clock,
    service::{DashboardService, NewSecretError},
};
use sessions::Sessions;
use std::sync::Arc;

/// The rules of access, and the sessions that this process knows. Clones share them.
#[derive(Clone)]
pub(crate) struct Access(Arc<Rules>);

struct Rules {
    names: Names,
    cookie: SessionCookie,
    sessions: Sessions,
    secrets: DashboardService,
}

/// Outcome of opening a link.
pub(super) enum Open {
    /// The new session, and its cookie.
    Session(Session, Cookie<'static>),
    /// The link was opened before, has expired, or never existed.
    InvalidLink,
}

impl Access {
    /// Access by `names`, with the links and sessions of `secrets`.
    pub(crate) fn new(names: Names, secrets: DashboardService, clock: Arc<dyn Clock>) -> Self {
        let cookie = SessionCookie::of(names.is_encrypted());
        Self(Arc::new(Rules { names, cookie, sessions: Sessions::new(secrets.clone(), clock), secrets }))
    }

    /// Returns true if a session that was valid still is.
    pub(super) async fn is_still_valid(&self, session: &Session) -> bool {
        self.0.sessions.is_valid(session.secret()).await.unwrap_or(false)
    }

    /// Exchanges a link for a session.
    pub(super) async fn open(&self, link: &str) -> Result<Open, NewSecretError> {
        let Ok(link) = DashboardSecret::parse(link) else { return Ok(Open::InvalidLink) };
        let Some(session) = self.0.secrets.open(&link).await? else { return Ok(Open::InvalidLink) };
        let session = Session::of(session.secret);
        let cookie = self.0.cookie.set(&session);
        Ok(Open::Session(session, cookie))
    }
}
