//! Pooled connections for everything but the creation of groups, used off the async threads.
//!
//! Work on a connection that turns out to be dead is done again on another one, so it must be such that it may be: the server
//! may have done it before the connection died.

mod manager;

use crate::{
    Fault,
    connection::{AnyConnection, Connector, Role},
    metrics::Live,
    sqlite_file::DatabaseFile,
};
use manager::{Deaths, Manager};
use prometheus::{Opts, Registry};
use r2d2::PooledConnection;
use std::time::Duration;

/// A pool of connections. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: r2d2::Pool<Manager>,
    timeout: Duration,
    deaths: Deaths,
    file: Option<DatabaseFile>,
}

impl Pool {
    /// A pool of at most `size` connections, for one of which a request waits `timeout` at most.
    ///
    /// Opens one connection at once, so that a database that cannot be reached is known now and by its own words.
    pub(crate) fn open(connector: Connector, size: u32, timeout: Duration) -> Result<Self, Fault> {
        connector.open(Role::Reader)?;
        let builder = r2d2::Pool::builder()
            .max_size(size)
            .connection_timeout(timeout)
            .error_handler(Box::new(LogFaults));
        let builder = if connector.is_in_memory() {
            // The database lives as long as a connection to it.
            builder.min_idle(Some(1)).idle_timeout(None).max_lifetime(None)
        } else {
            // Connections are opened for whoever asks, never ahead in the background: a command that ends meanwhile
            // would take OpenSSL away from under the thread that opens one.
            builder.min_idle(Some(0))
        };
        let deaths = Deaths::default();
        let file = connector.file().cloned();
        let connections = builder.build(Manager::new(connector, deaths.clone()))?;
        Ok(Self { connections, timeout, deaths, file })
    }

    /// Lets `registry` read how the pool is used.
    pub(crate) fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        let opts = |state| {
            Opts::new("gochat_database_pool_connections", "Pooled connections, by what they do.")
                .const_label("state", state)
        };
        let pool = self.connections.clone();
        Live::register(registry, opts("idle"), move || pool.state().idle_connections.into())?;
        let pool = self.connections.clone();
        Live::register(registry, opts("in_use"), move || {
            let state = pool.state();
            state.connections.saturating_sub(state.idle_connections).into()
        })?;
        let most = self.connections.max_size();
        let opts = Opts::new("gochat_database_pool_connections_max", "The most pooled connections.");
        Live::register(registry, opts, move || most.into())
    }

    /// Runs `work` on a connection for which it waits no longer than `patience`, in the calling thread.
    pub(crate) fn run_soon<T>(
        &self,
        patience: Duration,
        work: impl Fn(&mut AnyConnection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.attempt(|| self.connections.get_timeout(patience), work)
    }

    /// Runs `work` on a connection, in a thread that may block, and waits for it no longer than the pool's timeout.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Fn(&mut AnyConnection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let pool = self.clone();
        let work = tokio::task::spawn_blocking(move || pool.attempt(|| pool.connections.get(), work));
        match tokio::time::timeout(self.timeout, work).await {
            Ok(result) => result.map_err(|error| Fault::Unknown(error.to_string()))?,
            Err(_) => Err(Fault::Unavailable("the database took too long".into())),
        }
    }

    /// A connection may have died since it last answered.
    fn attempt<T>(
        &self,
        get: impl Fn() -> Result<PooledConnection<Manager>, r2d2::Error>,
        work: impl Fn(&mut AnyConnection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let work = |connection: &mut AnyConnection| {
            work(connection).map_err(|fault| {
                let fault = fault.seen_on(connection);
                if let Some(file) = &self.file {
                    file.note(&fault);
                }
                fault
            })
        };
        let mut pooled = get()?;
        let result = pooled.connection.read(&work);
        if result.is_ok() || pooled.connection.ping().is_ok() {
            return result;
        }
        self.deaths.add();
        drop(pooled);
        get()?.connection.read(work)
    }
}

/// Tells the log why a connection could not be opened or was found dead.
#[derive(Debug)]
struct LogFaults;

impl r2d2::HandleError<Fault> for LogFaults {
    fn handle_error(&self, fault: Fault) {
        tracing::warn!(%fault, "database connection failed");
    }
}
