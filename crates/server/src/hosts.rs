//! Host names that a request may use, as a defence against DNS rebinding.
//!
//! A web page can make a domain of its own resolve to this machine. The browser then treats this service as part of
//! the page's origin, so the page may send any request and read the reply. The `Host` header reveals the attack: it
//! has the page's domain.

use actix_web::{
    dev::RequestHead,
    http::{header::HOST, uri::Authority},
};
use url::Host;

/// Hosts that a listener serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hosts {
    /// Every host.
    Any,
    /// Names that always mean this machine: `localhost` and its subdomains (RFC 6761, section 6.3), `127.0.0.0/8` and
    /// `[::1]`. Any port is accepted, because the client may come through a forwarded port.
    Loopback,
}

/// Error for a request that names another host.
#[derive(Debug, thiserror::Error)]
#[error(
    "the host must be localhost, 127.0.0.1 or [::1] while the development key is on; to be reached by another name, set \
     auth.development_key = false and make a key with `gochat keys create`"
)]
pub(crate) struct Misdirected;

impl Hosts {
    /// Rejects a request that names another host, in its target or in `Host`.
    ///
    /// A request without a host is served. HTTP/1.0 allows that, and browsers always send `Host`, so no page can use
    /// it.
    pub(crate) fn check(self, head: &RequestHead) -> Result<(), Misdirected> {
        let is_served = match self {
            Self::Any => true,
            Self::Loopback => {
                head.uri.authority().is_none_or(is_loopback)
                    && head
                        .headers
                        .get_all(HOST)
                        .all(|host| Authority::try_from(host.as_bytes()).is_ok_and(|host| is_loopback(&host)))
            }
        };
        if is_served { Ok(()) } else { Err(Misdirected) }
    }
}

/// Returns true if the host is a name of this machine, on any port.
pub(crate) fn is_loopback(authority: &Authority) -> bool {
    // `Host` never has user information before an `@`.
    let is_bare = !authority.as_str().contains('@');
    is_bare
        && match Host::parse(authority.host()) {
            Ok(Host::Domain(name)) => {
                // A trailing dot makes a name absolute (RFC 3986, section 3.2.2); it names the same host.
                let name = name.strip_suffix('.').unwrap_or(&name);
                name == "localhost" || name.ends_with(".localhost")
            }
            Ok(Host::Ipv4(address)) => address.is_loopback(),
            Ok(Host::Ipv6(address)) => address.is_loopback(),
            Err(_) => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn is_served(host: &str) -> bool {
        let request = TestRequest::get().insert_header((HOST, host)).to_http_request();
        Hosts::Loopback.check(request.head()).is_ok()
    }

    #[test]
    fn loopback_hosts_are_served_on_any_port() {
        for host in [
            "localhost",
            "localhost:1213",
            "localhost:",
            "LocalHost:80",
            "localhost.",
            "localhost.:1213",
            "app.localhost:3000",
            "a.b.LOCALHOST.",
            "127.0.0.1",
            "127.0.0.1:65535",
            "127.255.255.254",
            "[::1]",
            "[::1]:1213",
            "[0:0:0:0:0:0:0:1]",
        ] {
            assert!(is_served(host), "{host}");
        }
    }

    #[test]
    fn other_hosts_are_refused() {
        for host in [
            "",
            ":1213",
            "evil.example",
            "evil.example:1213",
            "localhost.evil.example",
            "localhost.evil.example:1213",
            "notlocalhost",
            "localhost..",
            "127.0.0.1.evil.example",
            "127.0.0.1.nip.io:1213",
            "128.0.0.1",
            "0.0.0.0:1213",
            "192.168.1.7",
            "[::]",
            "[::2]:1213",
            "[::1",
            "evil.example@localhost",
            "localhost@evil.example",
            "localhost/evil.example",
            "localhost#evil.example",
            "localhost, evil.example",
            "localhost evil.example",
            "localhost\u{e9}",
        ] {
            assert!(!is_served(host), "{host:?}");
        }
    }

    #[test]
    fn a_request_is_refused_if_any_host_it_names_is_refused() {
        let head = |target: &str, hosts: &[&str]| {
            let request = TestRequest::get().uri(target);
            let request = hosts.iter().fold(request, |request, host| request.append_header((HOST, *host)));
            request.to_http_request()
        };
        for (target, hosts, is_served) in [
            ("/", &[][..], true),
            ("/", &["localhost", "127.0.0.1"], true),
            ("/", &["localhost", "evil.example"], false),
            ("/", &["evil.example", "localhost"], false),
            ("http://localhost:1213/", &[], true),
            ("http://localhost:1213/", &["localhost"], true),
            ("http://localhost:1213/", &["evil.example"], false),
            ("http://evil.example/", &["localhost"], false),
            ("http://localhost@evil.example/", &["localhost"], false),
        ] {
            let request = head(target, hosts);
            assert_eq!(Hosts::Loopback.check(request.head()).is_ok(), is_served, "{target} {hosts:?}");
            assert!(Hosts::Any.check(request.head()).is_ok(), "{target} {hosts:?}");
        }
    }
}
