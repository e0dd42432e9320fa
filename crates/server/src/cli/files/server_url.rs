//! The address of a server.

use std::str::FromStr;
use url::Url;

/// The URL of a server, with the base path under which its API is, if any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl {
    /// Host and port, as in the header `Host`.
    pub authority: String,
    /// Host and port to connect to.
    pub address: (String, u16),
    /// The base path, without a slash at the end.
    pub base_path: String,
}

/// Reason why a text is not the URL of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidServerUrl {
    /// It is not a URL with a host.
    #[error("expected a URL like http://127.0.0.1:1213")]
    Malformed,
    /// It asks for TLS.
    #[error(
        "https is not supported: run the import on the machine of the server, or reach it through a tunnel (ssh -L)"
    )]
    Https,
    /// It has parts that a server's URL does not have.
    #[error("expected no user, query or fragment")]
    UnexpectedPart,
}

impl FromStr for ServerUrl {
    type Err = InvalidServerUrl;

    fn from_str(text: &str) -> Result<Self, InvalidServerUrl> {
        let url = Url::parse(text).map_err(|_| InvalidServerUrl::Malformed)?;
        match url.scheme() {
            "http" => {}
            "https" => return Err(InvalidServerUrl::Https),
            _ => return Err(InvalidServerUrl::Malformed),
        }
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(InvalidServerUrl::UnexpectedPart);
        }
        let host = url.host_str().ok_or(InvalidServerUrl::Malformed)?;
        let port = url.port_or_known_default().unwrap_or(80);
        Ok(Self {
            authority: format!("{host}:{port}"),
            address: (host.trim_matches(['[', ']']).to_owned(), port),
            base_path: url.path().trim_end_matches('/').to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_host_a_port_and_a_base_path() {
        for (text, authority, host, port, base_path) in [
            ("http://127.0.0.1:1213", "127.0.0.1:1213", "127.0.0.1", 1213, ""),
            ("http://chat.internal/", "chat.internal:80", "chat.internal", 80, ""),
            ("http://[::1]:1213/api/", "[::1]:1213", "::1", 1213, "/api"),
        ] {
            let url: ServerUrl = text.parse().unwrap();
            assert_eq!((&*url.authority, &*url.address.0, url.address.1), (authority, host, port));
            assert_eq!(url.base_path, base_path);
        }
    }

    #[test]
    fn other_urls_are_refused_with_the_reason() {
        for (text, error) in [
            ("127.0.0.1:1213", InvalidServerUrl::Malformed),
            ("ftp://host", InvalidServerUrl::Malformed),
            ("http://", InvalidServerUrl::Malformed),
            ("https://host", InvalidServerUrl::Https),
            ("http://user@host", InvalidServerUrl::UnexpectedPart),
            ("http://host?x", InvalidServerUrl::UnexpectedPart),
        ] {
            assert_eq!(text.parse::<ServerUrl>(), Err(error), "{text}");
        }
    }
}
