//! A database for a single case.

use crate::{Cluster, PgBouncer, PlainSql, postgres::Postgres};
use anyhow::{Context, bail};
use std::{fmt, mem, sync::Arc};
use tempfile::TempDir;
use uuid::Uuid;

/// The database system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A SQLite file.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

impl Backend {
    /// All backends.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        })
    }
}

/// An empty database, deleted when this value is dropped.
pub struct TestDatabase {
    url: String,
    // The direct URL, if `url` leads through a proxy or pooler.
    direct_url: Option<String>,
    is_pooled: bool,
    storage: Storage,
}

enum Storage {
    Folder { _folder: TempDir },
    Server { server: Arc<Postgres>, name: String },
    Cluster,
}

impl TestDatabase {
    /// A SQLite file that does not exist yet, in a temporary folder.
    pub fn sqlite() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("gochat-sqlite-").tempdir()?;
        let path = folder.path().join("gochat.sqlite");
        let path = path.to_str().context("the folder of temporary files is not UTF-8")?;
        Ok(Self::at(format!("sqlite://{path}"), Storage::Folder { _folder: folder }))
    }

    pub(crate) fn on(cluster: &Cluster) -> anyhow::Result<Self> {
        let name = new_name();
        cluster.execute(&format!("CREATE DATABASE {name}"))?;
        Ok(Self::at(cluster.url(&name), Storage::Cluster))
    }

    pub(crate) fn postgres(server: Arc<Postgres>) -> anyhow::Result<Self> {
        let name = new_name();
        Ok(Self::at(server.create_database(&name)?, Storage::Server { server, name }))
    }

    fn at(url: String, storage: Storage) -> Self {
        Self { url, direct_url: None, is_pooled: false, storage }
    }

    /// Sets another URL for the code under test, such as that of a [`FaultProxy`](crate::FaultProxy). Plain SQL still
    /// connects directly.
    #[must_use]
    pub fn through(mut self, url: &str) -> Self {
        let before = mem::replace(&mut self.url, url.to_owned());
        self.direct_url.get_or_insert(before);
        self
    }

    /// Sets a URL through PgBouncer for the code under test. Plain SQL still connects directly.
    pub fn pooled(mut self, pgbouncer: &PgBouncer) -> anyhow::Result<Self> {
        self.is_pooled = true;
        let url = pgbouncer.url(&self.url)?;
        Ok(self.through(&url))
    }

    /// Sets a URL through the PgBouncer that the cases of this process share.
    pub(crate) fn behind_pgbouncer(self) -> anyhow::Result<Self> {
        let Storage::Server { server, .. } = &self.storage else {
            bail!("the database is not on a PostgreSQL server")
        };
        let server = Arc::clone(server);
        self.pooled(server.pgbouncer()?)
    }

    /// Returns true if the URL leads through PgBouncer, for which the code under test must be configured.
    pub fn is_pooled(&self) -> bool {
        self.is_pooled
    }

    /// The URL for the code under test, with the password: `sqlite://…` or `postgres://…`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of the direct connection.
    pub fn direct_url(&self) -> &str {
        self.direct_url.as_ref().unwrap_or(&self.url)
    }

    /// The database system.
    pub fn backend(&self) -> Backend {
        match self.storage {
            Storage::Folder { .. } => Backend::Sqlite,
            Storage::Server { .. } | Storage::Cluster => Backend::Postgres,
        }
    }

    /// Opens a raw connection.
    pub fn plain_sql(&self) -> anyhow::Result<PlainSql> {
        PlainSql::connect(self.direct_url())
    }

    /// Opens a transaction that blocks creates of groups, and on PostgreSQL also reads. It ends by `ROLLBACK`, or
    /// with the connection.
    pub fn lock_groups(&self) -> anyhow::Result<PlainSql> {
        let mut lock = self.plain_sql()?;
        lock.execute(match self.backend() {
            Backend::Sqlite => "BEGIN IMMEDIATE",
            Backend::Postgres => "BEGIN; LOCK TABLE groups IN ACCESS EXCLUSIVE MODE",
        })?;
        Ok(lock)
    }

    /// [`PlainSql::execute`] on a connection of its own.
    pub fn execute(&self, sql: &str) -> anyhow::Result<()> {
        self.plain_sql()?.execute(sql)
    }

    /// [`PlainSql::rows`] on a connection of its own.
    pub fn rows(&self, sql: &str) -> anyhow::Result<Vec<Vec<String>>> {
        self.plain_sql()?.rows(sql)
    }
}

fn new_name() -> String {
    format!("gochat_test_{}", Uuid::now_v7().simple())
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Storage::Server { server, name } = &self.storage
            && let Err(error) = server.drop_database(name)
        {
            eprintln!("the database {name} could not be dropped: {error:#}");
        }
    }
}
