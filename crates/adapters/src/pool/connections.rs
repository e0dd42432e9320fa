//! The connections of a pool.

use super::manager::{Losses, Manager};
use crate::{Fault, connection::Connector};
use r2d2::PooledConnection;
use std::{
    sync::{PoisonError, RwLock},
    time::Instant,
};

/// Up to `size` connections, opened when they are asked for.
pub(super) struct Connections {
    connector: Connector,
    pub(super) size: u32,
    pub(super) losses: Losses,
    current: RwLock<r2d2::Pool<Manager>>,
}

impl Connections {
    pub(super) fn new(connector: Connector, size: u32) -> Result<Self, Fault> {
        let losses = Losses::default();
        let current = RwLock::new(open(&connector, size, &losses)?);
        Ok(Self { connector, size, losses, current })
    }

    /// A connection, for which it waits until `give_up_at`.
    pub(super) fn get(&self, give_up_at: Instant) -> Result<PooledConnection<Manager>, Fault> {
        let current = self.current();
        Ok(current.get_timeout(give_up_at.saturating_duration_since(Instant::now()))?)
    }

    /// Starts anew, with room for `size` connections: r2d2 counts those that do not come back as its own. They are closed when
    /// they do.
    pub(super) fn renew(&self) {
        match open(&self.connector, self.size, &self.losses) {
            Ok(new) => *self.current.write().unwrap_or_else(PoisonError::into_inner) = new,
            Err(fault) => tracing::error!(%fault, "the pool of connections cannot be renewed"),
        }
    }

    /// How many are open, and how many of them are idle.
    pub(super) fn state(&self) -> r2d2::State {
        self.current().state()
    }

    fn current(&self) -> r2d2::Pool<Manager> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn open(connector: &Connector, size: u32, losses: &Losses) -> Result<r2d2::Pool<Manager>, Fault> {
    let builder = r2d2::Pool::builder()
        .max_size(size)
        .connection_timeout(connector.timeout())
        .error_handler(Box::new(LogFaults));
    let builder = if connector.is_in_memory() {
        // The database lives as long as a connection to it.
        builder.min_idle(Some(1)).idle_timeout(None).max_lifetime(None)
    } else {
        // Connections are opened for whoever asks, never ahead in the background: a command that ends meanwhile
        // would take OpenSSL away from under the thread that opens one.
        builder.min_idle(Some(0))
    };
    Ok(builder.build(Manager::new(connector.clone(), losses.clone()))?)
}

/// Tells the log why a connection could not be opened or was found dead.
#[derive(Debug)]
struct LogFaults;

impl r2d2::HandleError<Fault> for LogFaults {
    fn handle_error(&self, fault: Fault) {
        tracing::warn!(%fault, "database connection failed");
    }
}
