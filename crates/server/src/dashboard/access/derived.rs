//! Values that follow from the secret of a session, so that they need not be stored. None of them tells the secret, or
//! another one of them.

use crate::dashboard::hexadecimal::hexadecimal;
use gochat_domain::auth::DashboardSecret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The token that a change needs. A page of another origin cannot read it, so it cannot make the browser send a valid
/// change, even if the browser adds the cookie.
pub(super) fn csrf_token(secret: &DashboardSecret) -> String {
    derive(secret, b"gochat dashboard: token of a change")
}

/// The segment that the paths of the session's pages have in common. Programs on other ports do not know it, so the
/// browser does not send them the cookie.
pub(super) fn path_segment(secret: &DashboardSecret) -> String {
    derive(secret, b"gochat dashboard: path of a session")
}

/// HMAC-SHA-256 of `purpose` in hexadecimal, with the secret of the session as its key.
fn derive(secret: &DashboardSecret, purpose: &[u8]) -> String {
    // A key of any length is valid.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
        return String::new();
    };
    mac.update(purpose);
    hexadecimal(&mac.finalize().into_bytes())
}
