//! What a server needs: a database, a folder and a key.

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

/// Parameters of libpq that end each wait of plain SQL: in seconds to connect, and in milliseconds for the rest.
const WAITS: &str = "connect_timeout=30&tcp_user_timeout=30000&options=-c%20statement_timeout%3D60000%20-c%20lock_timeout%3D60000";

/// A database of its own with its schema, and the key that opens it.
pub struct Home {
    pub backend: Backend,
    /// The URL that the server is given.
    pub url: String,
    /// The URL for plain SQL.
    pub direct_url: String,
    pub key: String,
    folder: TempDir,
    program: PathBuf,
    variables: Vec<(String, String)>,
    starter: Vec<String>,
    _database: Option<TestDatabase>,
}

impl Home {
    /// An empty database without a schema, whose only key is that of the API page.
    pub fn bare(
        backend: Backend,
        cluster: Option<&Cluster>,
        program: &Path,
        base: &Path,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("home-").tempdir_in(base)?;
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
            starter: Vec::new(),
            _database: database,
        })
    }

    /// With the schema and a key of its own, in the profile `production`.
    pub fn with_key(mut self) -> anyhow::Result<Self> {
        self.variables.push(("GOCHAT_PROFILE".to_owned(), "production".to_owned()));
        let arguments =
            ["keys", "create", "--name", "torture", "--scope", "groups:write", "--scope", "groups:read"];
        let output = process::run(&mut self.launch().command(&arguments)).context("no key")?;
        String::from_utf8(output.stdout)?.trim().clone_into(&mut self.key);
        Ok(self)
    }

    /// With another URL for the server.
    #[must_use]
    pub fn through(mut self, url: &str) -> Self {
        url.clone_into(&mut self.url);
        self
    }

    /// With a setting for every server that is started here.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With the database in another place: for SQLite, the path of the file.
    #[must_use]
    pub fn at(mut self, file: &Path) -> Self {
        self.url = format!("sqlite://{}", file.display());
        self.direct_url.clone_from(&self.url);
        self
    }

    /// With a program that becomes every server that is started here.
    #[must_use]
    pub fn by(mut self, starter: &[&str]) -> Self {
        self.starter = starter.iter().map(|part| (*part).to_owned()).collect();
        self
    }

    /// How a server is started here.
    pub fn launch(&self) -> Launch {
        let mut variables = self.variables.clone();
        variables.push(("GOCHAT__DATABASE__URL".to_owned(), self.url.clone()));
        Launch {
            program: self.program.clone(),
            folder: self.folder.path().to_owned(),
            starter: self.starter.clone(),
            variables,
            log_to: None,
        }
    }

    /// Starts a server, and returns when it listens.
    pub fn start(&self) -> anyhow::Result<Server> {
        self.launch().start()
    }

    /// Stores so many groups that no ledger knows.
    pub fn fill(&self, groups: usize) -> anyhow::Result<()> {
        let line = |number| {
            format!("{{\"name\":\"filled-{number}\",\"token\":\"filled-{number}\",\"admin_id\":1}}\n")
        };
        let file = self.folder().join("filled.ndjson");
        fs::write(&file, (0..groups).map(line).collect::<String>())?;
        let import = ["groups", "import", "filled.ndjson"];
        process::run(&mut self.launch().command(&import)).context("no groups").map(drop)
    }

    /// The folder of its logs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file of a SQLite database.
    pub fn file(&self) -> PathBuf {
        PathBuf::from(self.direct_url.trim_start_matches("sqlite://"))
    }

    /// A connection of its own, whose waits end.
    pub fn sql(&self) -> anyhow::Result<PlainSql> {
        match self.backend {
            Backend::Sqlite => PlainSql::connect(&self.direct_url),
            Backend::Postgres => PlainSql::connect(&format!("{}?{WAITS}", self.direct_url)),
        }
    }

    /// The number of the groups of [`Home::fill`] that are stored as they were.
    pub fn filled(&self) -> anyhow::Result<usize> {
        let query = "SELECT CAST(count(*) AS TEXT) FROM groups
                     WHERE name LIKE 'filled-%' AND token = name AND admin_id = 1";
        Ok(self.sql()?.rows(query)?.concat().concat().parse()?)
    }

    /// All groups that are stored, but for those of [`Home::fill`].
    pub fn stored(&self) -> anyhow::Result<Vec<Group>> {
        let mut groups = ledger::stored(self.backend, &mut self.sql()?)?;
        groups.retain(|group| !group.name.starts_with("filled-"));
        Ok(groups)
    }

    /// The panics in the logs of its servers.
    pub fn panics(&self) -> anyhow::Result<BTreeMap<String, usize>> {
        server::panics(self.folder.path())
    }
}
