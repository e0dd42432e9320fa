//! Tests of the walk from the connection to the client.

use super::*;
use actix_web::http::header::HeaderValue;

const PROXIES: &str = "10.0.0.0/8,2001:db8:a::/48";

/// Returns the client of a connection from `peer` with these header lines; empty if unknown.
fn client(proxies: &str, peer: &str, lines: &[(&str, &str)]) -> String {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(name.parse().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let peer = (!peer.is_empty()).then(|| peer.parse().unwrap());
    address(peer, &headers, &proxies.parse().unwrap()).map_or_else(String::new, |client| client.to_string())
}

#[track_caller]
fn assert_client(peer: &str, lines: &[(&str, &str)], expected: &str) {
    assert_eq!(client(PROXIES, peer, lines), expected, "{peer} {lines:?}");
}

#[test]
fn headers_from_untrusted_peers_are_ignored() {
    let lies = [("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1")];
    for lie in &lies {
        for peer in ["198.51.100.1", "127.0.0.1", "2001:db8:b::1"] {
            assert_client(peer, &[*lie], peer);
            assert_eq!(client("", peer, &[*lie]), peer);
            assert_eq!(client("unix", peer, &[*lie]), peer);
        }
        assert_eq!(client(PROXIES, "", &[*lie]), "");
        assert_eq!(client("unix", "", &[*lie]), "192.0.2.1");
    }
}

#[test]
fn the_client_is_the_last_address_that_is_not_a_trusted_proxy() {
    for (list, expected) in [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1, 10.1.1.1, 10.2.2.2", "192.0.2.1"),
        // The client itself wrote the part before.
        ("203.0.113.7, 192.0.2.1", "192.0.2.1"),
        ("10.9.9.9, 192.0.2.1, 10.1.1.1", "192.0.2.1"),
        ("127.0.0.1, unknown, 192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8::1]:4711, [2001:db8:a::1]:80", "2001:db8::1"),
        ("2001:db8::1,2001:db8:a::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        // All addresses belong to proxies, so the first one is taken.
        ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
    ] {
        assert_client("10.0.0.1", &[("X-Forwarded-For", list)], expected);
        let forwarded: Vec<_> = list.split(',').map(|node| format!("for=\"{}\"", node.trim())).collect();
        assert_client("10.0.0.1", &[("Forwarded", &forwarded.join(", "))], expected);
    }
}

#[test]
fn an_unknown_address_ends_the_walk_at_the_last_trusted_one() {
    for hidden in ["unknown", "_hidden", "_hidden:_port", "nonsense", "1.2.3", "[::1", "\u{e9}"] {
        let list = format!("192.0.2.1, {hidden}, 10.1.1.1");
        assert_client("10.0.0.1", &[("X-Forwarded-For", &list)], "10.1.1.1");
        let forwarded = format!("for=192.0.2.1, for=\"{hidden}\", for=10.1.1.1");
        assert_client("10.0.0.1", &[("Forwarded", &forwarded)], "10.1.1.1");
    }
    for empty in ["", " ", ",", ", ,"] {
        assert_client("10.0.0.1", &[("X-Forwarded-For", empty)], "10.0.0.1");
        assert_client("10.0.0.1", &[("Forwarded", empty)], "10.0.0.1");
    }
    assert_client("10.0.0.1", &[], "10.0.0.1");
    assert_eq!(client("unix", "", &[("Forwarded", "for=unknown")]), "");
}

#[test]
fn several_lines_of_a_header_form_one_list() {
    let lines = [
        ("X-Forwarded-For", "203.0.113.7"),
        ("X-Forwarded-For", "192.0.2.1, 10.1.1.1"),
        ("X-Forwarded-For", "10.2.2.2"),
    ];
    assert_client("10.0.0.1", &lines, "192.0.2.1");
    let lines = [("Forwarded", "for=203.0.113.7;x=\""), ("Forwarded", "for=192.0.2.1, for=10.1.1.1")];
    assert_client("10.0.0.1", &lines, "192.0.2.1");
}

#[test]
fn if_both_headers_are_sent_only_the_part_on_which_they_agree_counts() {
    let both = |forwarded: &str, listed: &str, expected: &str| {
        assert_client("10.0.0.1", &[("Forwarded", forwarded), ("X-Forwarded-For", listed)], expected);
    };
    both("for=192.0.2.1", "192.0.2.1", "192.0.2.1");
    both("for=203.0.113.7, for=192.0.2.1", "198.51.100.1, 192.0.2.1", "192.0.2.1");
    // The client wrote one of them, and nothing tells which.
    both("for=203.0.113.7", "192.0.2.1", "10.0.0.1");
    both("for=203.0.113.7", "", "10.0.0.1");
    both("for=10.1.1.1", "192.0.2.1, 10.1.1.1", "10.1.1.1");
    both("for=192.0.2.1, for=10.1.1.1", "203.0.113.7, 10.1.1.1", "10.1.1.1");
    both("for=unknown, for=10.1.1.1", "unknown, 10.1.1.1", "10.1.1.1");
}
