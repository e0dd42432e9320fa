//! A database, picked by its URL.

use crate::{
    DatabaseUrl, Fault, MigrateError,
    api_keys::DieselApiKeys,
    commit::{CommitOptions, CommitQueue},
    connection::{Connector, Role},
    groups::DieselGroupReader,
    migrations,
    pool::{Pool, PoolOptions},
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
    /// The most reads that wait for one of them; one more is refused at once.
    pub read_queue: usize,
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
    ///
    /// Opens one connection at once, so that a database that cannot be reached is known now and by its own words.
    pub fn connect(url: &DatabaseUrl, options: DatabaseOptions) -> Result<Self, Fault> {
        let connector = Connector::new(url, options)?;
        connector.open(Role::Reader)?;
        let DatabaseOptions { pool_size, read_queue, timeout, .. } = options;
        let pool = Pool::new(connector.clone(), PoolOptions { size: pool_size, queue: read_queue, timeout })?;
        Ok(Self { connector, pool })
    }

    /// Runs the pending migrations, and returns their versions.
    pub fn migrate(&self) -> Result<Vec<String>, MigrateError> {
        migrations::migrate(&mut self.connector.open(Role::Writer)?)
    }

    /// Passes if no migration is pending.
    pub fn check_schema(&self) -> Result<(), MigrateError> {
        migrations::check(&mut self.connector.open(Role::Reader)?)
    }

    /// The keys on record, which are written through `queue`.
    pub fn api_keys(&self, queue: &CommitQueue) -> Arc<dyn ApiKeyRepository> {
        Arc::new(DieselApiKeys { pool: self.pool.clone(), queue: queue.submitter() })
    }

    /// The port that finds groups.
    pub fn group_reader(&self) -> Arc<dyn GroupReader> {
        Arc::new(DieselGroupReader::new(self.pool.clone()))
    }

    /// Tells whether the database can be worked with.
    pub fn readiness_probe(&self) -> ReadinessProbe {
        ReadinessProbe::new(self.pool.clone())
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
