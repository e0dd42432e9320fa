//! A database, picked by its URL.

use crate::{
    DatabaseUrl, Fault, MigrateError,
    api_keys::DieselApiKeys,
    commit::{CommitOptions, CommitQueue},
    connection::{Connector, Role},
    group_reader::DieselGroupReader,
    idempotency_sweeper::IdempotencySweeper,
    migrations,
    pool::{Pool, PoolOptions},
    readiness::ReadinessProbe,
};
use gochat_domain::ports::{ApiKeyRepository, GroupReader};
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

/// The use of a database.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseOptions {
    /// The most connections for reads. Writers and the look-ups of keys have their own.
    pub pool_size: u32,
    /// The most reads that wait for one of them; one more is refused at once.
    pub read_queue: usize,
    /// Longest wait for a connection, for a lock or for a statement.
    pub timeout: Duration,
    /// Whether PostgreSQL is asked to keep prepared statements. Without them, each use is a transaction that rests on nothing
    /// that a session keeps, as a pooler of transactions needs it.
    pub prepared_statements: bool,
}

/// Time at start for hosts of the URL that are away, beside that for one that is frozen.
const UNREACHABLE_HOSTS_TIMEOUT: Duration = Duration::from_secs(20);

/// A database that could be reached.
pub struct Database {
    connector: Connector,
    pool: Pool,
    key_pool: Pool,
}

impl Database {
    /// The most connections for look-ups of keys and for the readiness probe. They are apart from `pool_size`, so that a flood
    /// of other reads never makes authentication fail or the server look broken.
    const KEY_CONNECTIONS: u32 = 2;

    /// Connects to the database at `url`; a SQLite file is made if it is missing. Its schema is left as it is.
    ///
    /// Opens one connection at once, so that a database that cannot be reached is known now and by its own words.
    pub fn connect(url: &DatabaseUrl, options: DatabaseOptions) -> Result<Self, Fault> {
        let mut connector = Connector::new(url, options)?;
        let limit = connector.stuck_after().map(|limit| limit + UNREACHABLE_HOSTS_TIMEOUT);
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

    /// [`Self::migrate`], where `progress` is told each version as soon as its migration is in effect.
    pub fn migrate_with_progress(&self, progress: &dyn Fn(&str)) -> Result<Vec<String>, MigrateError> {
        let open = || self.connector.open(Role::Writer);
        migrations::migrate(&mut *open()?, &open, progress)
    }

    /// Passes if the schema is one that this program works with.
    pub fn check_schema(&self) -> Result<(), MigrateError> {
        self.connector.open(Role::Reader)?.read(migrations::check)
    }

    /// The keys on record, which are written through `queue`.
    pub fn api_keys(&self, queue: &CommitQueue) -> Arc<dyn ApiKeyRepository> {
        Arc::new(DieselApiKeys { pool: self.key_pool.clone(), queue: queue.submitter() })
    }

    /// The port that finds groups.
    pub fn group_reader(&self) -> Arc<dyn GroupReader> {
        Arc::new(DieselGroupReader::new(self.pool.clone()))
    }

    /// The probe that tells whether creates through `queue` can succeed.
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

    /// The sweeper of old Idempotency-Keys, whose steps go through `queue`.
    pub fn idempotency_sweeper(&self, queue: &CommitQueue) -> IdempotencySweeper {
        IdempotencySweeper::new(queue.submitter(), self.connector.is_file())
    }

    /// Lets `registry` read how the connections for reads are used.
    pub fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        self.pool.register(registry)
    }

    /// Starts the writers, and the queue of all that changes the database.
    pub fn start_queue(&self, options: CommitOptions) -> io::Result<CommitQueue> {
        CommitQueue::open(&self.connector, options)
    }
}

/// Runs `work`, and waits for it no longer than `limit`.
fn run_with_timeout<T: Send + 'static>(
    limit: Option<Duration>,
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let Some(limit) = limit else { return work() };
    let (sender, done) = mpsc::channel();
    // Nobody waits for what is late.
    let run = move || drop(sender.send(work()));
    let unavailable = |reason: &dyn Display| Fault::Unavailable(reason.to_string());
    thread::Builder::new().name("connect".into()).spawn(run).map_err(|error| unavailable(&error))?;
    match done.recv_timeout(limit) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err(unavailable(&format_args!("no answer within {limit:?}"))),
        Err(RecvTimeoutError::Disconnected) => {
            Err(Fault::Unknown("the thread that connects panicked".into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gochat_domain::auth::ApiKey;
    use gochat_test_support::{TestDatabase, deadline::with_timeout};
    use tokio::sync::Notify;

    #[tokio::test]
    async fn a_key_is_looked_up_while_every_connection_for_reads_is_busy() {
        let file = TestDatabase::sqlite().unwrap();
        let timeout = Duration::from_secs(20);
        let options = DatabaseOptions { pool_size: 1, read_queue: 100, timeout, prepared_statements: true };
        let database = Database::connect(&file.url().parse().unwrap(), options).unwrap();
        database.migrate().unwrap();
        let queue = database.start_queue(CommitOptions { batch: 1, queue: 1, writers: 1, timeout }).unwrap();
        let keys = database.api_keys(&queue);
        let (release, released) = mpsc::channel::<()>();
        let taken = Arc::new(Notify::new());
        let take = Arc::clone(&taken);
        let read = database.pool.run(move |_| {
            take.notify_one();
            // Ends with the sender.
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
