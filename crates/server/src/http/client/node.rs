//! A node in a forwarding header: an address, optionally with a port.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Parses the address of a node. RFC 7239, section 6, allows `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]` and
/// `[2001:db8::1]:80`; `X-Forwarded-For` often has `2001:db8::1`. Returns `None` for `unknown`, for an obfuscated name
/// (`_name`), and for malformed text.
pub(super) fn address(node: &str) -> Option<IpAddr> {
    parse(node).map(|address| address.to_canonical())
}

fn parse(node: &str) -> Option<IpAddr> {
    if let Ok(address) = node.parse() {
        return Some(address);
    }
    let (address, port): (IpAddr, _) = if let Some(rest) = node.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        (address.parse::<Ipv6Addr>().ok()?.into(), port)
    } else {
        let (address, port) = node.split_at(node.find(':')?);
        (address.parse::<Ipv4Addr>().ok()?.into(), port)
    };
    is_port(port).then_some(address)
}

/// Returns true if the text is empty, or a colon followed by a port or an obfuscated port.
fn is_port(text: &str) -> bool {
    let Some(port) = text.strip_prefix(':') else { return text.is_empty() };
    let is_obfuscated =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    port.strip_prefix('_').map_or_else(
        || (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit()),
        is_obfuscated,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_and_without_a_port() {
        let cases = [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:4711", "192.0.2.1"),
            ("192.0.2.1:_hidden", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:DB8::1]:4711", "2001:db8::1"),
            ("[::1]:_a.b-c", "::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("[::ffff:192.0.2.1]:80", "192.0.2.1"),
        ];
        for (node, expected) in cases {
            assert_eq!(address(node), Some(expected.parse().unwrap()), "{node}");
        }
    }

    #[test]
    fn text_that_is_not_an_address_is_none() {
        for node in [
            "",
            "unknown",
            "UNKNOWN",
            "_hidden",
            "_SEVKISEK",
            "localhost",
            "192.0.2.1:",
            "192.0.2.1:123456",
            "192.0.2.1:80x",
            "192.0.2.1:_",
            "192.0.2.256",
            "192.0.2",
            "192.0.2.1 ",
            "0x7f.1",
            "[192.0.2.1]",
            "[2001:db8::1",
            "2001:db8::1]",
            "[2001:db8::1]80",
            "[2001:db8::1]:",
            "[fe80::1%eth0]",
            "[]",
            ":80",
        ] {
            assert_eq!(address(node), None, "{node}");
        }
    }
}
