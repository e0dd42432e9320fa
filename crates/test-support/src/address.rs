//! Addresses in database URLs.

use anyhow::{Context, anyhow};
use std::net::SocketAddr;
use url::Url;

/// The host and port of `url`, which must have one host.
pub(crate) fn host_and_port(url: &Url) -> anyhow::Result<(String, u16)> {
    Ok((url.host_str().context("the URL has no host")?.to_owned(), url.port().unwrap_or(5432)))
}

/// Replaces the address in `url`.
pub(crate) fn replace(address: SocketAddr, mut url: Url) -> anyhow::Result<String> {
    url.set_ip_host(address.ip())
        .and_then(|()| url.set_port(Some(address.port())))
        .map_err(|()| anyhow!("the URL does not allow another address"))?;
    Ok(url.into())
}
