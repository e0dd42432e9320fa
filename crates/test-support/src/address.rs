//! URLs that lead to a server by way of another address.

use anyhow::{Context, anyhow};
use std::net::SocketAddr;
use url::Url;

/// Host and port of the server of `url`, which has one host.
pub(crate) fn of(url: &Url) -> anyhow::Result<(String, u16)> {
    Ok((url.host_str().context("the URL has no host")?.to_owned(), url.port().unwrap_or(5432)))
}

/// The same URL with another address.
pub(crate) fn replace(address: SocketAddr, mut url: Url) -> anyhow::Result<String> {
    url.set_ip_host(address.ip())
        .and_then(|()| url.set_port(Some(address.port())))
        .map_err(|()| anyhow!("the URL takes no other address"))?;
    Ok(url.into())
}
