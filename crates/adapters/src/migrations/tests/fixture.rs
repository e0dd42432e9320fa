//! A database with the released schema, and a folder of further migrations.

use crate::{
    DatabaseOptions, DatabaseUrl,
    connection::{AnyConnection, Connector, Role},
    migrations::{Limits, MigrateError, Progress, embedded, run},
};
use diesel::{connection::SimpleConnection, migration::MigrationSource, pg::Pg, sqlite::Sqlite};
use diesel_migrations::FileBasedMigrations;
use gochat_test_support::{Backend, PlainSql, TestDatabase, deadline, run_case};
use std::{cell::RefCell, fs, time::Duration};
use tempfile::TempDir;

/// Short lock timeouts, but long limits for retries.
pub const SHORT_TIMEOUTS: Limits = Limits {
    lock_timeout: Duration::from_millis(300),
    lock_wait_threshold: Duration::from_millis(300),
    lock_retries: Duration::from_secs(60),
    instance_wait: Duration::from_secs(60),
};

pub struct Fixture {
    pub database: TestDatabase,
    connector: Connector,
    folder: TempDir,
}

/// Runs a test on each of `backends`.
pub fn with_fixture(
    backends: impl IntoIterator<Item = Backend>,
    test: impl Fn(Fixture) -> anyhow::Result<()>,
) {
    run_case(backends, |database| test(Fixture::on(database)?));
}

/// The reported versions, and the result.
type Outcome = (Vec<String>, Result<Vec<String>, MigrateError>);

impl Fixture {
    fn on(database: TestDatabase) -> anyhow::Result<Self> {
        let url: DatabaseUrl = database.url().parse()?;
        let options = DatabaseOptions {
            pool_size: 1,
            read_queue: 100,
            timeout: Duration::from_millis(300),
            prepared_statements: true,
        };
        let connector = Connector::new(&url, options)?;
        let known = embedded(&*connector.open(Role::Writer)?);
        let fixture = Self { database, connector, folder: TempDir::new()? };
        fixture.migrate_to(&known, &SHORT_TIMEOUTS).1?;
        Ok(fixture)
    }

    /// Opens a transaction that has run these statements and holds their locks until it ends.
    pub fn hold(&self, statements: &str) -> anyhow::Result<PlainSql> {
        let mut holder = self.database.plain_sql()?;
        // Ends a test that would otherwise wait forever for the holder.
        holder.execute("SET idle_in_transaction_session_timeout = '60s'")?;
        holder.execute(&format!("BEGIN; {statements}"))?;
        Ok(holder)
    }

    /// Adds or replaces a migration in the folder.
    pub fn add(&self, name: &str, up: &str) -> anyhow::Result<()> {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join("up.sql"), up)?)
    }

    /// Marks a migration to run outside a transaction.
    pub fn mark_no_transaction(&self, name: &str, down: &str) -> anyhow::Result<()> {
        let folder = self.folder.path().join(name);
        fs::write(folder.join("down.sql"), down)?;
        Ok(fs::write(folder.join("metadata.toml"), "run_in_transaction = false")?)
    }

    /// Migrates, as an instance that knows the migrations of the folder.
    pub fn migrate(&self, limits: &Limits) -> Outcome {
        self.migrate_to(&self.known(), limits)
    }

    /// The migrations of the folder.
    pub fn known(&self) -> FileBasedMigrations {
        FileBasedMigrations::from_path(self.folder.path()).unwrap()
    }

    /// Migrates, as an instance that knows these migrations.
    pub fn migrate_to<S>(&self, known: &S, limits: &Limits) -> Outcome
    where
        S: MigrationSource<Sqlite> + MigrationSource<Pg>,
    {
        let reported = RefCell::new(Vec::new());
        let result = self
            .migrate_with_progress(known, limits, &|version| reported.borrow_mut().push(version.to_owned()));
        (reported.into_inner(), result)
    }

    /// Like [`Self::migrate_to`], with a callback for each committed migration.
    pub fn migrate_with_progress<S>(
        &self,
        known: &S,
        limits: &Limits,
        progress: Progress,
    ) -> Result<Vec<String>, MigrateError>
    where
        S: MigrationSource<Sqlite> + MigrationSource<Pg>,
    {
        let mut connection = self.connector.open(Role::Writer)?;
        if let AnyConnection::Postgres(postgres) = &mut *connection {
            // The operator may have set this. An index build would wait forever for a transaction that keeps its
            // snapshot.
            postgres.batch_execute("SET default_transaction_isolation = 'repeatable read'")?;
        }
        run(&mut connection, known, &|| self.connector.open(Role::Writer), progress, limits)
    }

    /// Changes a default for new connections to PostgreSQL.
    pub fn alter_database(&self, change: &str) -> anyhow::Result<()> {
        let name = self.database.rows("SELECT current_database()::text")?.concat().concat();
        self.database.execute(&format!("ALTER DATABASE {name} {change}"))
    }

    /// Waits until a statement with this prefix waits for a lock, and returns its process id.
    pub fn wait_for_lock(&self, statement: &str) -> anyhow::Result<String> {
        let waiting = format!(
            "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database()
             AND wait_event_type = 'Lock' AND query LIKE '{statement}%'"
        );
        let mut observer = self.database.plain_sql()?;
        Ok(deadline::eventually("a statement waits for a lock", || {
            observer.rows(&waiting).unwrap().concat().pop()
        }))
    }
}
