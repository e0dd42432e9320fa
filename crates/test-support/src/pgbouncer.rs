//! PgBouncer in front of a PostgreSQL server.

use crate::{
    address,
    proxy::{Program, Proxy},
};
use percent_encoding::percent_decode_str;
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
};
use url::Url;

/// A PgBouncer in transaction mode, otherwise with Debian's default settings. It stops when this value is dropped,
/// and also when this process is killed.
///
/// # Example
/// ```no_run
/// use gochat_test_support::{Cluster, PgBouncer};
///
/// let cluster = Cluster::start(Cluster::FAST)?;
/// let database = cluster.database()?;
/// let pgbouncer = PgBouncer::in_front_of(database.url())?;
/// // The code under test goes through PgBouncer; plain SQL does not.
/// let database = database.pooled(&pgbouncer)?;
/// assert!(database.is_pooled());
/// # anyhow::Ok(())
/// ```
pub struct PgBouncer(Proxy);

pub(crate) const PROGRAM: Program = Program { name: "pgbouncer", package: "pgbouncer" };

impl PgBouncer {
    /// Starts PgBouncer in front of the server of `url`, for all its databases and the user of `url`.
    pub fn in_front_of(url: &str) -> anyhow::Result<Self> {
        let server = Url::parse(url)?;
        let proxy = Proxy::start(&PROGRAM, |folder, port| {
            let file = format!("{folder}/pgbouncer.ini");
            fs::write(&file, settings(folder, loopback(port), &server)?)?;
            fs::write(format!("{folder}/users"), users(&server)?)?;
            Ok(["-q".to_owned(), file])
        })?;
        Ok(Self(proxy))
    }

    /// Returns the database URL `url`, changed to lead through PgBouncer.
    pub fn url(&self, url: &str) -> anyhow::Result<String> {
        address::replace(loopback(self.0.port), Url::parse(url)?)
    }
}

fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn settings(folder: &str, address: SocketAddr, server: &Url) -> anyhow::Result<String> {
    let ((host, port), (ip, own_port)) = (address::host_and_port(server)?, (address.ip(), address.port()));
    Ok(format!(
        "[databases]\n\
         * = host={host} port={port}\n\
         [pgbouncer]\n\
         pool_mode = transaction\n\
         listen_addr = {ip}\n\
         listen_port = {own_port}\n\
         unix_socket_dir =\n\
         auth_type = scram-sha-256\n\
         auth_file = {folder}/users\n\
         logfile = {folder}/log\n"
    ))
}

fn users(server: &Url) -> anyhow::Result<String> {
    let decoded = |text| percent_decode_str(text).decode_utf8();
    let (user, password) = (decoded(server.username())?, decoded(server.password().unwrap_or_default())?);
    Ok(format!("\"{}\" \"{}\"\n", user.replace('"', "\"\""), password.replace('"', "\"\"")))
}
