//! The secrets that open the operator's dashboard.

use crate::clock::Timestamp;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::{fmt, time::Duration};

/// The secret of a one-time link or of a session: 256 random bits in base64url, without padding. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct DashboardSecret(Box<str>);

impl DashboardSecret {
    /// Length of the text: each character stands for 6 of the 256 bits.
    const LENGTH: usize = 43;

    /// Checks the form of a secret. The secret need not exist.
    pub fn parse(raw: &str) -> Result<Self, InvalidDashboardSecret> {
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if raw.len() == Self::LENGTH && raw.bytes().all(is_valid) {
            Ok(Self(raw.into()))
        } else {
            Err(InvalidDashboardSecret)
        }
    }

    /// Mints a secret from the operating system's generator.
    ///
    /// Fails if the operating system cannot provide randomness.
    pub fn mint() -> anyhow::Result<Self> {
        let mut secret = [0_u8; 32];
        getrandom::fill(&mut secret)?;
        Ok(Self(BASE64_URL_SAFE_NO_PAD.encode(secret).into()))
    }

    /// The secret itself, for hashing it and for sending it to its holder.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DashboardSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DashboardSecret(_)")
    }
}

/// The text is not 43 characters of base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret of the dashboard has 43 characters of base64url")]
pub struct InvalidDashboardSecret;

/// A link to the dashboard, which opens one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DashboardLink {
    /// The secret in the link.
    pub secret: DashboardSecret,
    /// The time from which the link opens nothing.
    pub expires_at: Timestamp,
}

impl DashboardLink {
    /// Lifetime of a link.
    pub const LIFETIME: Duration = Duration::from_secs(10 * 60);
}

/// A session of the dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DashboardSession {
    /// The secret in the session's cookie.
    pub secret: DashboardSecret,
    /// The time from which the session is invalid.
    pub expires_at: Timestamp,
}

impl DashboardSession {
    /// Lifetime of a session.
    pub const LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_secret_has_256_bits_that_differ_each_time() {
        let secret = DashboardSecret::mint().unwrap();
        assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(secret.expose()).unwrap().len(), 32);
        assert_ne!(secret, DashboardSecret::mint().unwrap());
        assert_eq!(DashboardSecret::parse(secret.expose()), Ok(secret));
    }

    #[test]
    fn debug_does_not_show_the_secret() {
        let secret = DashboardSecret::parse(&"h".repeat(43)).unwrap();
        let session = DashboardSession { secret, expires_at: crate::testing::at(0) };
        assert!(!format!("{session:?}").contains("hh"));
    }

    #[test]
    fn malformed_secrets_are_refused() {
        let (short, long) = ("a".repeat(42), "a".repeat(44));
        let [padded, standard, wide] = ["=", "+", "é"].map(|end| "a".repeat(43 - end.len()) + end);
        for raw in ["", &short, &long, &padded, &standard, &wide] {
            assert_eq!(DashboardSecret::parse(raw), Err(InvalidDashboardSecret), "{raw:?}");
        }
    }
}
