//! Origins whose pages may call the API from a browser (CORS).

use std::{str::FromStr, sync::Arc};
use url::{Host, Url};

/// Word for every origin on this machine.
const LOOPBACK: &str = "loopback";

/// Allowed origins: a list, and optionally all origins on this machine.
#[derive(Debug, Clone, Default)]
pub struct AllowedOrigins {
    named: Arc<[String]>,
    loopback: bool,
}

/// Error for a text that is not a list of origins.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidOrigins;

impl AllowedOrigins {
    /// Expected form of the setting, for error messages.
    pub(super) const EXPECTED: &str =
        "origins separated by commas, like https://chat.example.org, without wildcards or paths; or loopback";

    /// Returns true if no origin is allowed.
    pub fn is_empty(&self) -> bool {
        self.named.is_empty() && !self.loopback
    }

    /// Returns true if pages of `origin` may call the API. `origin` is in the form that browsers send.
    pub fn allows(&self, origin: &str) -> bool {
        self.named.iter().any(|named| named == origin) || (self.loopback && is_loopback(origin))
    }
}

impl FromStr for AllowedOrigins {
    type Err = InvalidOrigins;

    fn from_str(text: &str) -> Result<Self, InvalidOrigins> {
        let parts = text.split(',').map(str::trim).filter(|_| !text.trim().is_empty());
        let (words, origins): (Vec<_>, Vec<_>) = parts.partition(|part| *part == LOOPBACK);
        let named = origins.into_iter().map(|part| parse(part).map(|(_, origin)| origin));
        Ok(Self { named: named.collect::<Result<_, _>>()?, loopback: !words.is_empty() })
    }
}

/// Parses an origin and returns it as a browser writes it: lower-case, without the default port.
fn parse(text: &str) -> Result<(Url, String), InvalidOrigins> {
    let url = Url::parse(text).map_err(|_| InvalidOrigins)?;
    let bare = url.path() == "/" && !text.ends_with('/') && !text.contains(['@', '?', '#', '\\']);
    if !bare || !["http", "https"].contains(&url.scheme()) {
        return Err(InvalidOrigins);
    }
    let origin = url.origin().ascii_serialization();
    // The parser accepts a wildcard as a host, but no browser sends one.
    if origin.contains('*') {
        return Err(InvalidOrigins);
    }
    Ok((url, origin))
}

fn is_loopback(origin: &str) -> bool {
    parse(origin).is_ok_and(|(url, written)| {
        written == origin
            && match url.host() {
                Some(Host::Domain(name)) => name == "localhost",
                Some(Host::Ipv4(address)) => address.is_loopback(),
                Some(Host::Ipv6(address)) => address.is_loopback(),
                None => false,
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_origins_are_allowed_as_a_browser_writes_them() {
        let origins: AllowedOrigins = " https://Chat.example.org:443 ,http://b.example:81".parse().unwrap();
        for origin in ["https://chat.example.org", "http://b.example:81"] {
            assert!(origins.allows(origin), "{origin}");
        }
        for origin in [
            "http://chat.example.org",
            "https://chat.example.org.evil.example",
            "http://localhost",
            "null",
            "",
        ] {
            assert!(!origins.allows(origin), "{origin}");
        }
    }

    #[test]
    fn loopback_allows_this_machine_on_any_port() {
        let origins: AllowedOrigins = "https://a.example,loopback".parse().unwrap();
        let allowed = [
            "https://a.example",
            "http://localhost",
            "https://localhost:8443",
            "http://127.0.0.1:3000",
            "http://[::1]:1",
        ];
        for origin in allowed {
            assert!(origins.allows(origin), "{origin}");
        }
        let others = [
            "http://localhost.evil.example",
            "http://192.0.2.1",
            "http://127.0.0.1.evil.example",
            "null",
            "file://",
        ];
        for origin in others {
            assert!(!origins.allows(origin), "{origin}");
        }
    }

    #[test]
    fn without_a_list_no_origin_is_allowed() {
        let origins: AllowedOrigins = " ".parse().unwrap();
        assert!(origins.is_empty() && !origins.allows("http://localhost") && !origins.allows(""));
    }

    #[test]
    fn text_that_is_not_an_origin_is_refused() {
        for text in [
            "*",
            "null",
            "chat.example.org",
            "https://*.example.org",
            "https://%2a.example.org",
            "https://chat*.example.org",
            "http://localhost:*",
            "https://*",
            "https://a.example/",
            "https://a.example/path",
            "https://a.example?x",
            "https://u@a.example",
            "ftp://a.example",
            "https://a.example,",
            "Loopback",
        ] {
            assert_eq!(text.parse::<AllowedOrigins>().unwrap_err(), InvalidOrigins, "{text}");
        }
    }
}
