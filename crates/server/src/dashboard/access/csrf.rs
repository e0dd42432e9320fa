//! The token that a change needs. A page of another origin cannot read it, so it cannot make the browser send a valid
//! change, even if the browser adds the cookie.

use gochat_domain::auth::DashboardSecret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt::Write;

/// Text that the token authenticates, so that a digest of the secret for another purpose is no token.
const PURPOSE: &[u8] = b"gochat dashboard: token of a change";

/// The token of a session, in hexadecimal: HMAC-SHA-256 with the secret of the session as its key.
pub(super) fn token(secret: &DashboardSecret) -> String {
    // A key of any length is valid.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
        return String::new();
    };
    mac.update(PURPOSE);
    mac.finalize().into_bytes().iter().fold(String::new(), |mut token, byte| {
        let _written = write!(token, "{byte:02x}");
        token
    })
}
