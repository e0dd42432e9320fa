//! The address of the one-time link.

use super::routes::OPEN;
use crate::{listener::seen_from_here, tls::Certificate};
use gochat_domain::auth::DashboardLink;
use std::net::SocketAddr;

/// Returns the origin of a dashboard that listens on `listening`. Its host is the address as seen from this machine. If
/// the certificate is not for that address, the host is a name in the certificate, so that the browser does not warn.
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

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::generate_simple_self_signed;

    fn certificate(names: &[&str]) -> Certificate {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = generate_simple_self_signed(names).unwrap();
        Certificate::parse(&[made.cert.der().clone()]).unwrap()
    }

    #[test]
    fn an_origin_is_reachable_from_this_machine_without_a_warning_of_the_browser() {
        for (address, names, expected) in [
            ("127.0.0.1:1214", None, "http://127.0.0.1:1214"),
            ("[::1]:1214", None, "http://[::1]:1214"),
            (
                "0.0.0.0:1214",
                Some(&["*.example.org", "chat.example.org"][..]),
                "https://chat.example.org:1214",
            ),
            ("10.0.0.5:1214", Some(&["chat.example.org", "10.0.0.5"]), "https://10.0.0.5:1214"),
            ("[::]:1214", Some(&["*.example.org"]), "https://[::1]:1214"),
        ] {
            let certificate = names.map(certificate);
            assert_eq!(origin(address.parse().unwrap(), certificate.as_ref()), expected);
        }
    }

    #[test]
    fn a_certificate_is_for_its_names_and_addresses() {
        let certificate = certificate(&["*.example.org", "localhost", "10.0.0.5", "::1"]);
        for host in ["chat.example.org", "LOCALHOST", "10.0.0.5", "[::1]", "::1"] {
            assert!(certificate.is_for(host), "{host}");
        }
        for host in ["example.org", "a.b.example.org", "evil.example", "10.0.0.6", "", "local host", "[]"] {
            assert!(!certificate.is_for(host), "{host}");
        }
        assert!(Certificate::parse(&[]).is_err());
    }
}
