//! The connections of a pool, and reads with retries on them.

use super::manager::{ConnectionStats, Manager};
use crate::{
    Fault, backoff,
    connection::{AnyConnection, Connector},
};
use r2d2::PooledConnection;
use std::{
    sync::{Mutex, MutexGuard, PoisonError, RwLock},
    thread,
    time::{Duration, Instant},
};

/// Limit of pending connection attempts, above which the pool is not replaced again. Each r2d2 pool makes three at
/// once.
const MAX_CONNECT_ATTEMPTS: usize = 8;

/// Up to `size` connections, opened on demand.
pub(super) struct Connections {
    connector: Connector,
    pub(super) size: u32,
    stats: ConnectionStats,
    current: RwLock<r2d2::Pool<Manager>>,
    /// Start of the period in which no connection was available.
    failing_since: Mutex<Option<Instant>>,
}

impl Connections {
    pub(super) fn new(connector: Connector, size: u32) -> Result<Self, Fault> {
        let stats = ConnectionStats::default();
        let current = RwLock::new(open(&connector, size, &stats)?);
        Ok(Self { connector, size, stats, current, failing_since: Mutex::default() })
    }

    /// Runs `work` on a connection, and retries it on another one if the connection is dead, until `deadline`.
    pub(super) fn read<T>(
        &self,
        deadline: Instant,
        work: impl Fn(&mut AnyConnection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut delays = std::iter::once(Duration::ZERO).chain(backoff::delays());
        loop {
            let mut pooled = self.get(deadline)?;
            let result = pooled.connection.read(&work);
            if result.is_ok() || pooled.connection.ping().is_ok() {
                return result;
            }
            self.stats.add_loss();
            drop(pooled);
            let delay = delays.next().unwrap_or_default();
            if Instant::now() + delay >= deadline {
                return result;
            }
            thread::sleep(delay);
        }
    }

    /// Replaces the pool by an empty one of the same size. Stuck connections occupy the old pool, which is dropped
    /// when the last of them returns.
    pub(super) fn renew(&self) {
        match open(&self.connector, self.size, &self.stats) {
            Ok(new) => *self.current.write().unwrap_or_else(PoisonError::into_inner) = new,
            Err(fault) => tracing::error!(%fault, "the connection pool cannot be replaced"),
        }
    }

    /// Open and idle connections.
    pub(super) fn state(&self) -> r2d2::State {
        self.current().state()
    }

    fn get(&self, deadline: Instant) -> Result<PooledConnection<Manager>, Fault> {
        let got = self.current().get_timeout(deadline.saturating_duration_since(Instant::now()));
        let mut failing_since = self.failing_since();
        match got {
            Ok(pooled) => {
                *failing_since = None;
                Ok(pooled)
            }
            Err(error) => {
                let since = failing_since.get_or_insert_with(Instant::now);
                if self.connector.stuck_after().is_some_and(|limit| since.elapsed() >= limit) {
                    *failing_since = None;
                    drop(failing_since);
                    self.renew_unless_connecting();
                }
                Err(error.into())
            }
        }
    }

    /// Replaces the pool unless too many connection attempts are pending. r2d2's connecting threads may be stuck too:
    /// a pooler may answer although the server behind it is frozen.
    fn renew_unless_connecting(&self) {
        if self.stats.attempts() <= MAX_CONNECT_ATTEMPTS {
            self.renew();
        }
    }

    fn current(&self) -> r2d2::Pool<Manager> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn failing_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.failing_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(connector: &Connector, size: u32, stats: &ConnectionStats) -> Result<r2d2::Pool<Manager>, Fault> {
    let builder = r2d2::Pool::builder()
        .max_size(size)
        .connection_timeout(connector.timeout())
        .error_handler(Box::new(LogFaults));
    let builder = if connector.is_in_memory() {
        // An in-memory database lives as long as it has a connection.
        builder.min_idle(Some(1)).idle_timeout(None).max_lifetime(None)
    } else {
        // No connection is opened in the background: if the process exits meanwhile, OpenSSL would be torn down under
        // the connecting thread.
        builder.min_idle(Some(0))
    };
    Ok(builder.build(Manager::new(connector.clone(), stats.clone()))?)
}

/// Logs why a connection could not be opened or was dead.
#[derive(Debug)]
struct LogFaults;

impl r2d2::HandleError<Fault> for LogFaults {
    fn handle_error(&self, fault: Fault) {
        tracing::warn!(%fault, "database connection failed");
    }
}
