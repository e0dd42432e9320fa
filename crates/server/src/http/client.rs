//! The address of the client, even behind proxies.
//!
//! Anyone can write a header, so only the parts written by trusted proxies are believed. Each proxy appends the
//! address that it is connected to. So the walk starts at the connection, follows the list from its end, and stops at
//! the first address that is not a trusted proxy. That address is the client.

mod forwarded;
mod node;

use crate::settings::TrustedProxies;
use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, X_FORWARDED_FOR};
use std::net::IpAddr;

/// Returns the client's address for a connection from `peer`. If it is unknown, returns the last address known on the
/// way to the client. A peer without an address is connected to a Unix socket.
pub(super) fn address(peer: Option<IpAddr>, headers: &HeaderMap, proxies: &TrustedProxies) -> Option<IpAddr> {
    let mut client = peer;
    if proxies.is_empty() {
        return client;
    }
    for hop in hops(headers) {
        if !proxies.trusts(client) {
            break;
        }
        // An unknown, hidden or malformed address ends the walk.
        let Some(address) = hop else { break };
        client = Some(address);
    }
    client
}

/// Returns the addresses in the forwarding headers, nearest first.
///
/// A proxy that sets one of the headers often passes the other one on as the client wrote it. If both are present,
/// only the part on which they agree counts.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let sent = |name, hops| headers.contains_key(name).then(|| from_lines(headers, name, hops));
    match (sent(&FORWARDED, forwarded::hops), sent(&X_FORWARDED_FOR, x_forwarded_for)) {
        (Some(one), Some(other)) => {
            let both = one.into_iter().zip(other);
            both.take_while(|(one, other)| one == other).map(|(hop, _)| hop).collect()
        }
        (one, other) => one.or(other).unwrap_or_default(),
    }
}

/// Returns the addresses in all lines of a header, last first. A line that is not UTF-8 yields an invalid address.
fn from_lines(
    headers: &HeaderMap,
    name: &HeaderName,
    hops: fn(&str) -> Vec<Option<IpAddr>>,
) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all(name).map(|line| String::from_utf8_lossy(line.as_bytes()));
    let mut hops: Vec<_> = lines.flat_map(|line| hops(&line)).collect();
    hops.reverse();
    hops
}

/// Returns the addresses in a line of `X-Forwarded-For`.
fn x_forwarded_for(line: &str) -> Vec<Option<IpAddr>> {
    let elements = line.split(',').map(str::trim);
    // Empty list elements are ignored (RFC 9110, section 5.6.1.2).
    elements.filter(|element| !element.is_empty()).map(node::address).collect()
}

#[cfg(test)]
mod tests;
