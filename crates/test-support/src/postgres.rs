//! The PostgreSQL server shared by the cases of one test process.

use crate::{Cluster, PgBouncer, PlainSql, installation};
use anyhow::{Context, anyhow};
use std::{env, sync::OnceLock};
use url::Url;

/// A server for test databases: the configured one, or a cluster that is started at first use.
pub(crate) struct Postgres {
    // Dropped before the server.
    pgbouncer: OnceLock<Result<PgBouncer, String>>,
    given: Option<Url>,
    running: OnceLock<Result<Running, String>>,
}

struct Running {
    url: Url,
    _cluster: Option<Cluster>,
}

impl Postgres {
    /// Finds the configured server, or checks that a cluster can be started; the error says what is missing.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let given = env::var("GOCHAT_TEST_DATABASE_URL").ok();
        let given =
            given.map(|url| Url::parse(&url)).transpose().context("GOCHAT_TEST_DATABASE_URL is not a URL")?;
        if given.is_none() {
            installation::newest()?;
        }
        Ok(Self { pgbouncer: OnceLock::new(), given, running: OnceLock::new() })
    }

    /// Creates an empty database, and returns its URL.
    pub(crate) fn create_database(&self, name: &str) -> anyhow::Result<String> {
        self.execute(&format!("CREATE DATABASE {name}"))?;
        let mut url = self.running()?.url.clone();
        url.set_path(name);
        Ok(url.into())
    }

    /// Drops a database, and closes its connections.
    pub(crate) fn drop_database(&self, name: &str) -> anyhow::Result<()> {
        self.execute(&format!("DROP DATABASE {name} WITH (FORCE)"))
    }

    /// A PgBouncer in front of the server, started at first use.
    pub(crate) fn pgbouncer(&self) -> anyhow::Result<&PgBouncer> {
        let start = || PgBouncer::in_front_of(self.running()?.url.as_str());
        let pgbouncer = self.pgbouncer.get_or_init(|| start().map_err(|error| format!("{error:#}")));
        pgbouncer.as_ref().map_err(|error| anyhow!("{error}"))
    }

    fn execute(&self, sql: &str) -> anyhow::Result<()> {
        PlainSql::connect(self.running()?.url.as_str())?.execute(sql)
    }

    fn running(&self) -> anyhow::Result<&Running> {
        let start = || self.start().map_err(|error| format!("{error:#}"));
        self.running.get_or_init(start).as_ref().map_err(|error| anyhow!("{error}"))
    }

    fn start(&self) -> anyhow::Result<Running> {
        if let Some(url) = &self.given {
            return Ok(Running { url: url.clone(), _cluster: None });
        }
        let cluster = Cluster::start(Cluster::FAST)?;
        Ok(Running { url: Url::parse(&cluster.url("postgres"))?, _cluster: Some(cluster) })
    }
}
