//! The listener's own names.

use crate::{hosts::is_loopback, tls::Tls};
use actix_web::{
    dev::RequestHead,
    http::{header::HOST, uri::Authority},
};

/// Names by which a browser may address the listener.
#[derive(Debug)]
pub(crate) struct Names {
    /// True if only this machine can reach the listener, so that it has the names of this machine.
    is_local: bool,
    /// The certificate of a listener that speaks HTTPS; it has further names.
    tls: Option<Tls>,
}

/// The request names another host.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OtherHost;

impl Names {
    /// The names of a listener.
    pub(crate) fn new(is_local: bool, tls: Option<Tls>) -> Self {
        Self { is_local, tls }
    }

    /// Returns true if the listener speaks HTTPS.
    pub(super) fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// Returns the origin of the dashboard, as the browser that sent the request sees it.
    ///
    /// Any port is accepted, because the browser may come through a forwarded port. This admits no page of another
    /// port: its requests have the port of this listener in `Host`, and the port of the page in `Origin`.
    pub(super) fn origin(&self, head: &RequestHead) -> Result<String, OtherHost> {
        let mut hosts = head.headers.get_all(HOST);
        let host = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host.to_str().map_err(|_| OtherHost)?,
            _ => return Err(OtherHost),
        };
        let authority = Authority::try_from(host).map_err(|_| OtherHost)?;
        if head.uri.authority().is_some_and(|target| *target != authority) || !self.is_own(&authority) {
            return Err(OtherHost);
        }
        let scheme = if self.is_encrypted() { "https" } else { "http" };
        Ok(format!("{scheme}://{}", host.to_ascii_lowercase()))
    }

    fn is_own(&self, authority: &Authority) -> bool {
        let is_certified = self.tls.as_ref().is_some_and(|tls| {
            !authority.as_str().contains('@') && tls.certificate().is_for(authority.host())
        });
        is_certified || (self.is_local && is_loopback(authority))
    }
}
