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

/// A PostgreSQL cluster of its own folder, that ends with this value, and also when this process is killed.
///
/// It asks everybody for a password. While the value lives, the server can be stopped, killed, paused and started again, on the
/// same port and folder.
///
/// # Example
/// ```no_run
/// use gochat_test_support::{Cluster, Shutdown};
///
/// let cluster = Cluster::start(Cluster::FAST)?;
/// let database = cluster.database()?;
/// cluster.stop(Shutdown::Immediate)?;
/// database.rows("SELECT 'nobody answers'").unwrap_err();
/// cluster.start_again()?;
/// database.rows("SELECT 'here again'")?;
/// # anyhow::Ok(())
/// ```
pub struct Cluster {
    supervisor: Supervisor,
    host: Ipv4Addr,
    port: u16,
    binaries: PathBuf,
    // Removed after the server ended.
    folder: ServerFolder,
}

/// How a server is stopped.
#[derive(Debug, Clone, Copy)]
pub enum Shutdown {
    /// Transactions are rolled back, and data is written.
    Fast,
    /// The processes end at once; the next start recovers from the write-ahead log.
    Immediate,
}

impl Cluster {
    /// The superuser.
    pub const USER: &str = "gochat";

    /// The superuser's password.
    pub const PASSWORD: &str = "throwaway";

    /// Settings for tests: what a crash of the machine would destroy is thrown away anyhow.
    ///
    /// What was committed outlives [`Shutdown::Immediate`]: the server wrote it, so it is in the kernel's cache, and that does
    /// not end with the processes.
    pub const FAST: &[(&str, &str)] = &[("fsync", "off"), ("full_page_writes", "off"), ("autovacuum", "off")];

    /// Settings for tests that kill the server or measure what a commit costs: each commit is flushed to the disk. `SIGKILL`
    /// can end a write between two halves of a page, which full pages in the write-ahead log repair.
    pub const DURABLE: &[(&str, &str)] =
        &[("fsync", "on"), ("full_page_writes", "on"), ("autovacuum", "off")];

    /// Makes a cluster with `settings` (as in `postgresql.conf`), and returns when it accepts connections.
    ///
    /// As root it runs as the user `postgres`, as PostgreSQL refuses to run as root.
    pub fn start(settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::with(settings).start()
    }

    /// A cluster with `settings` that is not yet made, to be told more.
    pub fn with<'a>(settings: &[(&str, &str)]) -> ClusterBuilder<'a> {
        ClusterBuilder::new(settings)
    }

    /// The URL of a database of the cluster, password included; `postgres` is there from the start.
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

    /// Makes an empty database on the cluster, which ends with the cluster.
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

    /// Pauses all processes of the server (`SIGSTOP`). Its machine still accepts connections and acknowledges data.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.ask("pause")
    }

    /// Lets the server go on that was paused (`SIGCONT`).
    pub fn resume(&self) -> anyhow::Result<()> {
        self.ask("resume")
    }

    /// Sets the most bytes that a file of one backend may have: to grow one beyond fails as on a full disk.
    ///
    /// A limit below the size of a file of the write-ahead log (16 MiB) ends the server.
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

    /// What the server logged.
    pub fn log(&self) -> String {
        builder::log(&self.folder)
    }
}
