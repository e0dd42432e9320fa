//! A database, picked by its URL.

use crate::{
    DatabaseUrl, Fault, MigrateError,
    api_keys::DieselApiKeys,
    connection::Connector,
    groups::{self, DieselGroupReader, GroupWriters, IdempotencySweeper, WriterOptions},
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
    /// How long anything waits for a connection or for a lock.
    pub timeout: Duration,
}

/// A database that could be reached.
pub struct Database {
    connector: Connector,
    pool: Pool,
}

impl Database {
    /// Connects to the database at `url`; a SQLite file is made if it is missing. Its schema is left as it is.
    pub fn connect(url: &DatabaseUrl, options: DatabaseOptions) -> Result<Self, Fault> {
        let connector = Connector::new(url, options.timeout)?;
        let pool = Pool::open(connector.clone(), options.pool_size, options.timeout)?;
        Ok(Self { connector, pool })
    }

    /// Runs the pending migrations, and returns their versions.
    pub fn migrate(&self) -> Result<Vec<String>, MigrateError> {
        self.migrate_telling(&|_| ())
    }

    /// [`Self::migrate`], where `progress` is told each version as soon as its migration is in effect.
    pub fn migrate_telling(&self, progress: &dyn Fn(&str)) -> Result<Vec<String>, MigrateError> {
        let open = || self.connector.open();
        self.pool.run_here(|connection| migrations::migrate(connection, &open, progress))
    }

    /// Passes if the schema is one that this program works with.
    pub fn check_schema(&self) -> Result<(), MigrateError> {
        self.pool.run_here(migrations::check)
    }

    /// The keys on record.
    pub fn api_keys(&self) -> Arc<dyn ApiKeyRepository> {
        Arc::new(DieselApiKeys::new(self.pool.clone()))
    }

    /// The port that finds groups.
    pub fn group_reader(&self) -> Arc<dyn GroupReader> {
        Arc::new(DieselGroupReader::new(self.pool.clone()))
    }

    /// What sweeps old Idempotency-Keys.
    pub fn idempotency_sweeper(&self) -> IdempotencySweeper {
        IdempotencySweeper::new(self.pool.clone())
    }

    /// Tells whether the database can be worked with.
    pub fn readiness_probe(&self) -> ReadinessProbe {
        ReadinessProbe::new(self.pool.clone())
    }

    /// Lets `registry` read how the pooled connections are used.
    pub fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        self.pool.register(registry)
    }

    /// Starts the writers of groups; their port is [`GroupWriters::repository`].
    pub fn start_writers(&self, options: WriterOptions) -> io::Result<GroupWriters> {
        groups::start(&self.connector, options)
    }
}
