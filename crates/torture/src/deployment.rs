//! A deployment of the service: a database, a folder and a key, on which servers can be started.

use crate::{
    ledger::{self, Group},
    process,
    server::{self, Launch, Server},
};
use anyhow::Context;
use gochat_test_support::{Backend, Cluster, PlainSql, TestDatabase, http::DEVELOPMENT_KEY};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// Parameters of libpq that limit each wait of plain SQL. `connect_timeout` is in seconds, the others are in milliseconds.
const WAITS: &str = "connect_timeout=30&tcp_user_timeout=30000&options=-c%20statement_timeout%3D60000%20-c%20lock_timeout%3D60000";

/// A database with its folder and API key.
pub struct Deployment {
    pub backend: Backend,
    /// URL of the database for servers. It may lead through a proxy.
    pub url: String,
    /// URL of the database for plain SQL.
    pub direct_url: String,
    /// The API key of its clients.
    pub key: String,
    folder: TempDir,
    program: PathBuf,
    variables: Vec<(String, String)>,
    wrapper: Vec<String>,
    _database: Option<TestDatabase>,
}

impl Deployment {
    /// Creates an empty database without a schema; its only key is the development key.
    pub fn bare(
        backend: Backend,
        cluster: Option<&Cluster>,
        program: &Path,
        base: &Path,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("deployment-").tempdir_in(base)?;
        let (url, database) = match cluster {
            Some(cluster) => {
                let database = cluster.database()?;
                (database.url().to_owned(), Some(database))
            }
            None => (format!("sqlite://{}", folder.path().join("gochat.sqlite").display()), None),
        };
        let variables = vec![("GOCHAT__LOG__LEVEL".to_owned(), "warn".to_owned())];
        Ok(Self {
            backend,
            direct_url: url.clone(),
            url,
            key: DEVELOPMENT_KEY.to_owned(),
            folder,
            program: program.to_owned(),
            variables,
            wrapper: Vec::new(),
            _database: database,
        })
    }

    /// Creates the schema and an API key, and uses the profile `production`.
    pub fn with_key(mut self) -> anyhow::Result<Self> {
        self.variables.push(("GOCHAT_PROFILE".to_owned(), "production".to_owned()));
        let arguments =
            ["keys", "create", "--name", "torture", "--scope", "groups:write", "--scope", "groups:read"];
        let output = process::run(&mut self.launch().command(&arguments)).context("cannot create a key")?;
        String::from_utf8(output.stdout)?.trim().clone_into(&mut self.key);
        Ok(self)
    }

    /// Gives servers another URL of the database.
    #[must_use]
    pub fn with_url(mut self, url: &str) -> Self {
        url.clone_into(&mut self.url);
        self
    }

    /// Adds an environment variable for every server that is started here.
    #[must_use]
    pub fn with_setting(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Moves the SQLite database to another path.
    #[must_use]
    pub fn with_database_at(mut self, file: &Path) -> Self {
        self.url = format!("sqlite://{}", file.display());
        self.direct_url.clone_from(&self.url);
        self
    }

    /// Starts every server through a program that executes it, such as `prlimit`.
    #[must_use]
    pub fn wrapped_by(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|part| (*part).to_owned()).collect();
        self
    }

    /// The parameters for starting a server.
    pub fn launch(&self) -> Launch {
        let mut variables = self.variables.clone();
        variables.push(("GOCHAT__DATABASE__URL".to_owned(), self.url.clone()));
        Launch {
            program: self.program.clone(),
            folder: self.folder.path().to_owned(),
            wrapper: self.wrapper.clone(),
            variables,
            log_to: None,
        }
    }

    /// Starts a server, and waits until it is live.
    pub fn start(&self) -> anyhow::Result<Server> {
        self.launch().start()
    }

    /// Imports this many groups, which are not in the ledger.
    pub fn prefill(&self, groups: usize) -> anyhow::Result<()> {
        let line = |number| {
            format!("{{\"name\":\"filled-{number}\",\"token\":\"filled-{number}\",\"admin_id\":1}}\n")
        };
        let file = self.folder().join("filled.ndjson");
        fs::write(&file, (0..groups).map(line).collect::<String>())?;
        let import = ["groups", "import", "filled.ndjson"];
        process::run(&mut self.launch().command(&import)).context("cannot import groups").map(drop)
    }

    /// The folder of the logs, and of a SQLite database.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file of a SQLite database.
    pub fn file(&self) -> PathBuf {
        PathBuf::from(self.direct_url.trim_start_matches("sqlite://"))
    }

    /// A separate SQL connection, with a time limit for each wait.
    pub fn sql(&self) -> anyhow::Result<PlainSql> {
        match self.backend {
            Backend::Sqlite => PlainSql::connect(&self.direct_url),
            Backend::Postgres => PlainSql::connect(&format!("{}?{WAITS}", self.direct_url)),
        }
    }

    /// Number of groups of [`Deployment::prefill`] that are stored unchanged.
    pub fn intact_prefill(&self) -> anyhow::Result<usize> {
        let query = "SELECT CAST(count(*) AS TEXT) FROM groups
                     WHERE name LIKE 'filled-%' AND token = name AND admin_id = 1";
        Ok(self.sql()?.rows(query)?.concat().concat().parse()?)
    }

    /// All stored groups, except those of [`Deployment::prefill`].
    pub fn stored(&self) -> anyhow::Result<Vec<Group>> {
        let mut groups = ledger::stored(self.backend, &mut self.sql()?)?;
        groups.retain(|group| !group.name.starts_with("filled-"));
        Ok(groups)
    }

    /// Number of panics in the logs of the servers, by source location.
    pub fn panics(&self) -> anyhow::Result<BTreeMap<String, usize>> {
        server::panics(self.folder.path())
    }
}
