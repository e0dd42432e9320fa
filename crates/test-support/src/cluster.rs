//! A throwaway PostgreSQL cluster.

mod builder;
mod standby;

pub use builder::ClusterBuilder;

use crate::{
    PlainSql, TestDatabase,
    server_folder::{self, ServerFolder},
    supervisor::Supervisor,
};
use anyhow::anyhow;
use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

/// A PostgreSQL cluster in a temporary folder. It is stopped when this value is dropped, and also when this process
/// is killed.
///
/// All connections need a password. The server can be stopped, killed, paused and started again, on the same port and
/// folder.
///
/// # Example
/// ```no_run
/// use gochat_test_support::{Cluster, Shutdown};
///
/// let cluster = Cluster::start(Cluster::FAST)?;
/// let database = cluster.database()?;
/// cluster.stop(Shutdown::Immediate)?;
/// database.rows("SELECT 'the server is down'").unwrap_err();
/// cluster.start_again()?;
/// database.rows("SELECT 'the server is back'")?;
/// # anyhow::Ok(())
/// ```
pub struct Cluster {
    supervisor: Supervisor,
    host: Ipv4Addr,
    port: u16,
    binaries: PathBuf,
    // Removed after the server has stopped.
    folder: ServerFolder,
}

/// The way to stop a server.
#[derive(Debug, Clone, Copy)]
pub enum Shutdown {
    /// Rolls transactions back, and writes all data.
    Fast,
    /// Ends the processes at once; the next start recovers from the write-ahead log.
    Immediate,
}

impl Cluster {
    /// The superuser.
    pub const USER: &str = "gochat";

    /// The superuser's password.
    pub const PASSWORD: &str = "throwaway";

    /// Settings for tests that need no durability across a crash of the machine.
    ///
    /// Commits survive [`Shutdown::Immediate`]: they are in the kernel's page cache, which does not end with the
    /// processes.
    pub const FAST: &[(&str, &str)] = &[("fsync", "off"), ("full_page_writes", "off"), ("autovacuum", "off")];

    /// Settings for tests that kill the server or measure commits: each commit is flushed to disk. `SIGKILL` can tear
    /// the write of a page, which full-page writes repair.
    pub const DURABLE: &[(&str, &str)] =
        &[("fsync", "on"), ("full_page_writes", "on"), ("autovacuum", "off")];

    /// Creates a cluster with `settings` (as in `postgresql.conf`), and returns when it accepts connections.
    ///
    /// If this process is root, the server runs as the user `postgres`, as PostgreSQL refuses to run as root.
    pub fn start(settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::with(settings).start()
    }

    /// A builder of a cluster with `settings`.
    pub fn with<'a>(settings: &[(&str, &str)]) -> ClusterBuilder<'a> {
        ClusterBuilder::new(settings)
    }

    /// The URL of a database of the cluster, with the password; the database `postgres` always exists.
    pub fn url(&self, database: &str) -> String {
        Self::url_at(&format!("{}:{}", self.host, self.port), database)
    }

    fn url_at(addresses: &str, database: &str) -> String {
        format!("postgres://{}:{}@{addresses}/{database}", Self::USER, Self::PASSWORD)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Creates an empty database, which is deleted with the cluster.
    pub fn database(&self) -> anyhow::Result<TestDatabase> {
        TestDatabase::on(self)
    }

    /// [`PlainSql::execute`] in the database `postgres`.
    pub fn execute(&self, sql: &str) -> anyhow::Result<()> {
        PlainSql::connect(&self.url("postgres"))?.execute(sql)
    }

    /// [`PlainSql::rows`] in the database `postgres`.
    pub fn rows(&self, sql: &str) -> anyhow::Result<Vec<Vec<String>>> {
        PlainSql::connect(&self.url("postgres"))?.rows(sql)
    }

    /// Stops the server.
    pub fn stop(&self, shutdown: Shutdown) -> anyhow::Result<()> {
        self.ask(match shutdown {
            Shutdown::Fast => "stop fast",
            Shutdown::Immediate => "stop immediate",
        })
    }

    /// Kills all processes of the server at once (`SIGKILL`), and returns when they have ended.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.ask("crash")
    }

    /// Starts the server again, on the same port and folder, and returns when it accepts connections.
    pub fn start_again(&self) -> anyhow::Result<()> {
        self.ask("start")
    }

    /// Pauses all processes of the server (`SIGSTOP`). The kernel still accepts connections and acknowledges data.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.ask("pause")
    }

    /// Resumes a paused server (`SIGCONT`).
    pub fn resume(&self) -> anyhow::Result<()> {
        self.ask("resume")
    }

    /// Limits the size of the files that one process of the server can write: growing a file beyond it fails as on a
    /// full disk. `backend` is the id of the process.
    ///
    /// A limit below the size of a WAL segment (16 MiB) would crash the server.
    pub fn limit_files(&self, backend: &str, bytes: u64) -> anyhow::Result<()> {
        let limit = format!("--fsize={bytes}:");
        server_folder::run(self.folder.command("prlimit").args(["--pid", backend, &limit]))
    }

    fn ask(&self, line: &str) -> anyhow::Result<()> {
        self.supervisor.ask(line).map_err(|error| anyhow!("{error}; the server's log says:\n{}", self.log()))
    }

    /// The folder, with PostgreSQL's files in `data`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server's log.
    pub fn log(&self) -> String {
        builder::log(&self.folder)
    }
}
