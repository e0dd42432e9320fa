//! A database, picked by its URL.

use crate::{
    DatabaseUrl, Fault, MigrateError,
    api_keys::DieselApiKeys,
    commit::{CommitOptions, CommitQueue},
    connection::{Connector, Role},
    groups::DieselGroupReader,
    migrations,
    pool::Pool,
    readiness::ReadinessProbe,
};
use gochat_domain::ports::{ApiKeyRepository, GroupReader};
use prometheus::Registry;
use std::{io, sync::Arc, time::Duration};

/// How a database is used.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseOptions {
    /// The most pooled connections; the writers of groups have their own.
    pub pool_size: u32,
    /// How long anything waits for a connection, for a lock or for a statement.
    pub timeout: Duration,
    /// Whether PostgreSQL is asked to keep prepared statements. Without them, each use is a transaction that rests on nothing
    /// that a session keeps, as a pooler of transactions needs it.
    pub prepared_statements: bool,
}

/// A database that could be reached.
pub struct Database {
    connector: Connector,
    pool: Pool,
}

impl Database {
    /// Connects to the database at `url`; a SQLite file is made if it is missing. Its schema is left as it is.
    pub fn connect(url: &DatabaseUrl, options: DatabaseOptions) -> Result<Self, Fault> {
        let mut connector = Connector::new(url, options)?;
        connector.allow_for_pooler()?;
        let pool = Pool::open(connector.clone(), options.pool_size, options.timeout)?;
        Ok(Self { connector, pool })
    }

    /// Runs the pending migrations, and returns their versions.
    pub fn migrate(&self) -> Result<Vec<String>, MigrateError> {
        migrations::migrate(&mut *self.connector.open(Role::Writer)?)
    }

    /// Passes if no migration is pending.
    pub fn check_schema(&self) -> Result<(), MigrateError> {
        self.connector.open(Role::Reader)?.read(migrations::check)
    }

    /// The keys on record, which are written through `queue`.
    pub fn api_keys(&self, queue: &CommitQueue) -> Arc<dyn ApiKeyRepository> {
        Arc::new(DieselApiKeys { pool: self.pool.clone(), queue: queue.submitter() })
    }

    /// The port that finds groups.
    pub fn group_reader(&self) -> Arc<dyn GroupReader> {
        Arc::new(DieselGroupReader::new(self.pool.clone()))
    }

    /// The probe that tells whether creates through `queue` can succeed.
    pub fn readiness_probe(&self, queue: &CommitQueue) -> ReadinessProbe {
        ReadinessProbe {
            pool: self.pool.clone(),
            queue: queue.submitter(),
            last_commit: queue.last_commit(),
            file: self.connector.file().cloned(),
            turn: Arc::default(),
        }
    }

    /// Lets `registry` read how the pooled connections are used.
    pub fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        self.pool.register(registry)
    }

    /// Starts the writers, and the queue of all that changes the database.
    pub fn start_queue(&self, options: CommitOptions) -> io::Result<CommitQueue> {
        CommitQueue::on(&self.connector, options)
    }
}
