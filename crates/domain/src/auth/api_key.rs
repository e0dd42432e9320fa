//! The secret that a caller sends.

use crate::text::is_valid_key;
use std::fmt::{self, Write};

/// An API key as sent by a caller: 1 to 255 visible ASCII characters. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(Box<str>);

impl ApiKey {
    /// Prefix of every minted key, by which people and secret scanners recognise one.
    pub const PREFIX: &str = "gck_";

    /// Checks the form of a key. The key need not exist.
    pub fn parse(raw: &str) -> Result<Self, InvalidApiKey> {
        if is_valid_key(raw) { Ok(Self(raw.into())) } else { Err(InvalidApiKey) }
    }

    /// Mints a key: [`ApiKey::PREFIX`] and 256 bits from the operating system's generator, in hexadecimal.
    ///
    /// Fails if the operating system cannot provide randomness.
    pub fn mint() -> anyhow::Result<Self> {
        let mut secret = [0_u8; 32];
        getrandom::fill(&mut secret)?;
        let mut key = String::from(Self::PREFIX);
        for byte in secret {
            write!(key, "{byte:02x}")?;
        }
        Ok(Self(key.into()))
    }

    /// The secret itself, for hashing it and for showing it once when it is issued.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(_)")
    }
}

/// The text is not 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an API key has 1 to 255 visible ASCII characters")]
pub struct InvalidApiKey;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_key_has_the_prefix_and_256_bits_that_differ_each_time() {
        let key = ApiKey::mint().unwrap();
        let bits = key.expose().strip_prefix("gck_").unwrap();
        assert_eq!(bits.len(), 64);
        assert!(bits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(key, ApiKey::mint().unwrap());
        assert_eq!(ApiKey::parse(key.expose()), Ok(key));
    }

    #[test]
    fn debug_does_not_show_the_key() {
        assert_eq!(format!("{:?}", ApiKey::parse("hush").unwrap()), "ApiKey(_)");
    }

    #[test]
    fn malformed_keys_are_refused() {
        for raw in ["", "a b", "a\n", "ключ", &*"k".repeat(256)] {
            assert_eq!(ApiKey::parse(raw), Err(InvalidApiKey), "{raw:?}");
        }
    }
}
