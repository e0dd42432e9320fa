//! The address of the one-time link.

use super::routes::OPEN;
use crate::{listener::seen_from_here, tls::Certificate};
use gochat_domain::auth::DashboardLink;
use std::net::SocketAddr;

/// Returns the origin of a dashboard that listens on `listening`: a name of its certificate, because a browser warns of
/// any other one, or the address as seen from this machine.
pub(crate) fn origin(listening: SocketAddr, certificate: Option<&Certificate>) -> String {
    let address = seen_from_here(listening);
    match certificate {
        None => format!("http://{address}"),
        Some(certificate) => match certificate.name_instead_of(address.ip()) {
            Some(name) => format!("https://{name}:{}", address.port()),
            None => format!("https://{address}"),
        },
    }
}

/// Returns the URL of a link.
pub(crate) fn url(origin: &str, link: &DashboardLink) -> String {
    format!("{origin}{OPEN}?secret={}", link.secret.expose())
}
