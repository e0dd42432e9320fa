//! A database, picked by its URL.

use crate::{
    DatabaseUrl, Fault, MigrateError,
    api_keys::DieselApiKeys,
    commit::{CommitOptions, CommitQueue},
    connection::{Connector, Role},
    dashboard_secrets::DieselDashboardSecrets,
    group_reader::DieselGroupReader,
    idempotency_sweeper::IdempotencySweeper,
    member_reader::DieselMemberReader,
    migrations,
    pool::{Pool, PoolOptions},
    readiness::ReadinessProbe,
};
use gochat_domain::ports::{ApiKeyRepository, DashboardSecretRepository, GroupReader, MemberReader};
use prometheus::Registry;
use std::{
    fmt::Display,
    io,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

/// Options of a database.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseOptions {
    /// Maximum number of connections for reads. Writers and key look-ups have their own.
    pub pool_size: u32,
    /// Maximum number of waiting reads; further ones are refused at once.
    pub read_queue: usize,
    /// Longest wait for a connection, a lock or a statement.
    pub timeout: Duration,
    /// Uses prepared statements on PostgreSQL. Without them, each operation is a transaction that relies on no
    /// session state, as a transaction-mode pooler requires.
    pub prepared_statements: bool,
}

/// Extra time for the first connection, because libpq may first try hosts of the URL that are unreachable. It is added
/// to [`Connector::stuck_after`].
const TIME_FOR_UNREACHABLE_HOSTS: Duration = Duration::from_secs(20);

/// A connected database.
pub struct Database {
    connector: Connector,
    pool: Pool,
    key_pool: Pool,
}

impl Database {
    /// Connections for look-ups of keys and of the dashboard's sessions, and for the readiness probe. They are separate from `pool_size`, so that a flood of
    /// reads cannot block authentication or make the server look broken.
    const KEY_CONNECTIONS: u32 = 2;

    /// Connects to the database at `url`. Creates a missing SQLite file, and leaves the schema unchanged.
    ///
    /// Opens one connection at once, so that an unreachable database fails here, with its own error message.
    pub fn connect(url: &DatabaseUrl, options: DatabaseOptions) -> Result<Self, Fault> {
        let mut connector = Connector::new(url, options)?;
        let limit = connector.stuck_after().map(|limit| limit + TIME_FOR_UNREACHABLE_HOSTS);
        let connector = run_with_timeout(limit, move || {
            connector.detect_pooler()?;
            connector.open(Role::Reader)?;
            Ok(connector)
        })?;
        let DatabaseOptions { pool_size, read_queue, timeout, .. } = options;
        let pool = |size| Pool::new(connector.clone(), PoolOptions { size, queue: read_queue, timeout });
        let (pool, key_pool) = (pool(pool_size)?, pool(Self::KEY_CONNECTIONS)?);
        Ok(Self { connector, pool, key_pool })
    }

    /// Runs the pending migrations, and returns their versions.
    pub fn migrate(&self) -> Result<Vec<String>, MigrateError> {
        self.migrate_with_progress(&|_| ())
    }

    /// Does the same as [`Self::migrate`], and passes each version to `progress` once its migration is committed.
    pub fn migrate_with_progress(&self, progress: &dyn Fn(&str)) -> Result<Vec<String>, MigrateError> {
        let open = || self.connector.open(Role::Writer);
        migrations::migrate(&mut *open()?, &open, progress)
    }

    /// Checks that this program works with the schema.
    pub fn check_schema(&self) -> Result<(), MigrateError> {
        self.connector.open(Role::Reader)?.read(migrations::check)
    }

    /// The port that stores API keys, with writes through `queue`.
    pub fn api_keys(&self, queue: &CommitQueue) -> Arc<dyn ApiKeyRepository> {
        Arc::new(DieselApiKeys { pool: self.key_pool.clone(), queue: queue.submitter() })
    }

    /// The port that stores the dashboard's secrets, with writes through `queue`.
    pub fn dashboard_secrets(&self, queue: &CommitQueue) -> Arc<dyn DashboardSecretRepository> {
        Arc::new(DieselDashboardSecrets { pool: self.key_pool.clone(), queue: queue.submitter() })
    }

    /// The port that finds groups.
    pub fn group_reader(&self) -> Arc<dyn GroupReader> {
        Arc::new(DieselGroupReader::new(self.pool.clone()))
    }

    /// The port that finds members, and the groups of users.
    pub fn member_reader(&self) -> Arc<dyn MemberReader> {
        Arc::new(DieselMemberReader { pool: self.pool.clone() })
    }

    /// The probe that checks whether creates through `queue` succeed.
    pub fn readiness_probe(&self, queue: &CommitQueue) -> ReadinessProbe {
        ReadinessProbe {
            pool: self.key_pool.clone(),
            queue: queue.submitter(),
            last_commit: queue.last_commit(),
            file: self.connector.file().cloned(),
            schema_check: Arc::default(),
            write_check: Arc::default(),
        }
    }

    /// The sweeper of old Idempotency-Keys, with deletes through `queue`.
    pub fn idempotency_sweeper(&self, queue: &CommitQueue) -> IdempotencySweeper {
        IdempotencySweeper::new(queue.submitter(), self.connector.is_sqlite())
    }

    /// Registers the metrics of the read pool.
    pub fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        self.pool.register(registry)
    }

    /// Starts the writers and their queue.
    pub fn start_queue(&self, options: CommitOptions) -> io::Result<CommitQueue> {
        CommitQueue::open(&self.connector, options)
    }
}

/// Runs `work` in a thread of its own, and waits for it no longer than `limit`. Without a limit, runs it in this
/// thread.
fn run_with_timeout<T: Send + 'static>(
    limit: Option<Duration>,
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let Some(limit) = limit else { return work() };
    let (sender, done) = mpsc::channel();
    // A late result has no receiver.
    let run = move || drop(sender.send(work()));
    let unavailable = |reason: &dyn Display| Fault::Unavailable(reason.to_string());
    thread::Builder::new().name("connect".into()).spawn(run).map_err(|error| unavailable(&error))?;
    match done.recv_timeout(limit) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err(unavailable(&format_args!("no answer within {limit:?}"))),
        Err(RecvTimeoutError::Disconnected) => Err(Fault::Unknown("the connecting thread panicked".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gochat_domain::{auth::ApiKey, limits::Limits};
    use gochat_test_support::{TestDatabase, deadline::with_timeout};
    use tokio::sync::Notify;

    #[tokio::test]
    async fn a_key_is_looked_up_while_every_connection_for_reads_is_busy() {
        let file = TestDatabase::sqlite().unwrap();
        let timeout = Duration::from_secs(20);
        let options = DatabaseOptions { pool_size: 1, read_queue: 100, timeout, prepared_statements: true };
        let database = Database::connect(&file.url().parse().unwrap(), options).unwrap();
        database.migrate().unwrap();
        let queue = database
            .start_queue(CommitOptions { batch: 1, queue: 1, writers: 1, timeout, limits: Limits::default() })
            .unwrap();
        let keys = database.api_keys(&queue);
        let (release, released) = mpsc::channel::<()>();
        let taken = Arc::new(Notify::new());
        let take = Arc::clone(&taken);
        let read = database.pool.run(move |_| {
            take.notify_one();
            // Returns when the sender is dropped.
            let _ended = released.recv();
            Ok(())
        });
        let look_up = async {
            with_timeout("the read has the connection", taken.notified()).await;
            let found = keys.find(&ApiKey::parse("gck_some").unwrap()).await;
            drop(release);
            found.unwrap()
        };
        let (read, found) = tokio::join!(read, look_up);
        read.unwrap();
        assert_eq!(found, None);
        queue.close();
    }
}
