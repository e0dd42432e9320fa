//! PgBouncer in front of a PostgreSQL server.

use crate::{address, deadline::eventually, port, server_folder::ServerFolder, supervisor::Supervisor};
use anyhow::{Context, bail};
use percent_encoding::percent_decode_str;
use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
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
pub struct PgBouncer {
    _supervisor: Supervisor,
    address: SocketAddr,
    _folder: ServerFolder,
}

const SCRIPT: &str = r#"
folder=$2
"$1" -q "$folder/pgbouncer.ini" </dev/null >/dev/null &
end() {
    kill "$!"
    wait
    rm -rf "$folder"
}
"#;

/// Number of ports to try, as another process may take a free one first.
const ATTEMPTS: u32 = 5;

impl PgBouncer {
    /// Starts PgBouncer in front of the server of `url`, for all its databases and the user of `url`.
    pub fn in_front_of(url: &str) -> anyhow::Result<Self> {
        let (program, server) = (program()?, Url::parse(url)?);
        for _ in 0..ATTEMPTS {
            let folder = ServerFolder::new("gochat-pgbouncer-")?;
            let path = folder.path().to_str().context("the folder of temporary files is not UTF-8")?;
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port::free()?));
            fs::write(folder.path().join("pgbouncer.ini"), settings(path, address, &server)?)?;
            fs::write(folder.path().join("users"), users(&server)?)?;
            let supervisor =
                Supervisor::start(folder.command("sh"), SCRIPT, &[&program.display().to_string(), path])?;
            let log = eventually("PgBouncer starts, or says why not", || {
                let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
                Some(log).filter(|log| log.contains("process up") || log.contains("FATAL"))
            });
            if !log.contains("FATAL") {
                return Ok(Self { _supervisor: supervisor, address, _folder: folder });
            }
        }
        bail!("PgBouncer does not start")
    }

    /// Returns the database URL `url`, changed to lead through PgBouncer.
    pub fn url(&self, url: &str) -> anyhow::Result<String> {
        address::replace(self.address, Url::parse(url)?)
    }
}

/// The path of the program; on Debian it is outside the `PATH` of most users.
pub(crate) fn program() -> anyhow::Result<PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&on_path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join("pgbouncer"))
        .find(|program| program.is_file())
        .context("PgBouncer is not installed (Debian: apt-get install pgbouncer)")
}

fn settings(folder: &str, address: SocketAddr, server: &Url) -> anyhow::Result<String> {
    let ((host, port), (ip, own_port)) = (address::of(server)?, (address.ip(), address.port()));
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
