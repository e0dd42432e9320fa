//! Proxies whose forwarding headers are trusted.

use ipnet::{IpNet, Ipv4Net};
use std::{net::IpAddr, str::FromStr, sync::Arc};

/// Word for all peers on the Unix socket of `http.bind`.
const UNIX: &str = "unix";

/// Trusted proxies: addresses and networks, and optionally all peers on a Unix socket, which have no address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Arc<[IpNet]>,
    unix: bool,
}

/// Error for a text that is not a list of proxies.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidProxies;

impl TrustedProxies {
    /// Expected form of the setting, for error messages.
    pub(super) const EXPECTED: &str =
        "IP addresses and networks separated by commas, like 10.0.0.1, 10.1.0.0/16 or 2001:db8::/32, or unix";

    /// Returns true if no proxy is trusted.
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty() && !self.unix
    }

    /// Returns true if the peer is trusted. A peer without an address is connected to a Unix socket.
    pub fn trusts(&self, peer: Option<IpAddr>) -> bool {
        peer.map_or(self.unix, |peer| self.networks.iter().any(|network| network.contains(&peer)))
    }

    /// Removes the trust in peers without an address. A TCP peer whose address is unknown must not be trusted.
    #[must_use]
    pub fn without_unix(self) -> Self {
        Self { unix: false, ..self }
    }
}

impl FromStr for TrustedProxies {
    type Err = InvalidProxies;

    fn from_str(text: &str) -> Result<Self, InvalidProxies> {
        let parts = text.split(',').map(str::trim).filter(|_| !text.trim().is_empty());
        let (words, networks): (Vec<_>, Vec<_>) = parts.partition(|part| *part == UNIX);
        let networks = networks.into_iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Self { networks, unix: !words.is_empty() })
    }
}

/// Parses an address or a network. IPv4-mapped IPv6 becomes IPv4, like the addresses of peers.
fn parse(text: &str) -> Result<IpNet, InvalidProxies> {
    let network = text
        .parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| InvalidProxies)?;
    let mapped = match network {
        IpNet::V6(network) => network.addr().to_ipv4_mapped().zip(network.prefix_len().checked_sub(96)),
        IpNet::V4(_) => None,
    };
    match mapped {
        Some((address, length)) => Ipv4Net::new(address, length).map(IpNet::V4).map_err(|_| InvalidProxies),
        None => Ok(network),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusts(proxies: &str, peer: &str) -> bool {
        proxies.parse::<TrustedProxies>().unwrap().trusts(Some(peer.parse().unwrap()))
    }

    #[test]
    fn addresses_and_networks_are_trusted() {
        let proxies = " 10.0.0.1 ,10.1.0.0/16,2001:db8::/32,::1, ::ffff:192.0.2.0/120";
        for peer in ["10.0.0.1", "10.1.0.0", "10.1.255.255", "2001:db8:1::7", "::1", "192.0.2.255"] {
            assert!(trusts(proxies, peer), "{peer}");
        }
        for peer in ["10.0.0.2", "10.2.0.0", "2001:db9::", "::2", "192.0.3.0", "127.0.0.1"] {
            assert!(!trusts(proxies, peer), "{peer}");
        }
        assert!(!proxies.parse::<TrustedProxies>().unwrap().trusts(None));
    }

    #[test]
    fn a_peer_without_an_address_is_trusted_only_by_the_word_unix() {
        let proxies: TrustedProxies = "unix,10.0.0.1".parse().unwrap();
        assert!(proxies.trusts(None) && !proxies.is_empty());
        assert!(!proxies.without_unix().trusts(None));
        assert!(!"0.0.0.0/0,::/0".parse::<TrustedProxies>().unwrap().trusts(None));
    }

    #[test]
    fn none_is_trusted_by_default() {
        let proxies: TrustedProxies = " ".parse().unwrap();
        assert!(proxies.is_empty() && !proxies.trusts(None) && !trusts("", "127.0.0.1"));
    }

    #[test]
    fn text_that_is_not_an_address_is_refused() {
        for text in [
            "*",
            "localhost",
            "10.0.0.1:80",
            "[::1]",
            "10.0.0.0/33",
            "10.0.0.1,",
            "10.0.0",
            "Unix",
            "10.0.0.0/",
        ] {
            assert_eq!(text.parse::<TrustedProxies>().unwrap_err(), InvalidProxies, "{text}");
        }
    }
}
