//! The address of the client, also behind proxies.
//!
//! Anybody can write a header, so a header is believed as far as trusted proxies wrote it. Each proxy adds the address that it
//! is connected to at the end. So the walk starts at the connection, goes from the end to the start, and ends at the first
//! address that is no trusted proxy: that is the client.

mod forwarded;
mod node;

use crate::settings::TrustedProxies;
use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, X_FORWARDED_FOR};
use std::net::IpAddr;

/// The address of the client of a connection from `peer`, or the nearest one that is known. A peer without an address is behind
/// a Unix socket.
pub(super) fn address(peer: Option<IpAddr>, headers: &HeaderMap, proxies: &TrustedProxies) -> Option<IpAddr> {
    let mut client = peer;
    if proxies.is_empty() {
        return client;
    }
    for hop in hops(headers) {
        if !proxies.trusts(client) {
            break;
        }
        // What is not known, hidden or malformed ends the walk.
        let Some(address) = hop else { break };
        client = Some(address);
    }
    client
}

/// The addresses in the headers, the nearest first.
///
/// A proxy that sets one of the headers often passes on the other as the client wrote it. So where both are there, they count as
/// far as they agree.
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

/// The addresses in the lines of a header, the last first. What is not UTF-8 becomes what is no address.
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

/// The addresses in a line of `X-Forwarded-For`.
fn x_forwarded_for(line: &str) -> Vec<Option<IpAddr>> {
    let elements = line.split(',').map(str::trim);
    // Empty elements of a list are passed over (RFC 9110, section 5.6.1.2).
    elements.filter(|element| !element.is_empty()).map(node::address).collect()
}

#[cfg(test)]
mod tests;
