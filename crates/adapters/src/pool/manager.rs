//! Opens and pings the pool's connections. A ping before every read would add a round trip, so most are omitted.

use crate::{
    Fault,
    connection::{Connector, OpenConnection, PING_AFTER, Role},
};
use diesel::r2d2::R2D2Connection;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

/// The r2d2 manager.
#[derive(Debug)]
pub(super) struct Manager {
    connector: Connector,
    stats: ConnectionStats,
}

impl Manager {
    pub(super) fn new(connector: Connector, stats: ConnectionStats) -> Self {
        Self { connector, stats }
    }
}

/// Counters of lost connections and pending connection attempts. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub(super) struct ConnectionStats(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    losses: AtomicU64,
    attempts: AtomicUsize,
}

impl ConnectionStats {
    /// Counts a connection that was dead when used. The others may be dead too, so each is pinged before its next
    /// use.
    pub(super) fn add_loss(&self) {
        self.0.losses.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of pending connection attempts.
    pub(super) fn attempts(&self) -> usize {
        self.0.attempts.load(Ordering::Relaxed)
    }

    fn losses(&self) -> u64 {
        self.0.losses.load(Ordering::Relaxed)
    }
}

/// A pooled connection.
pub(super) struct Pooled {
    pub(super) connection: OpenConnection,
    answered_at: Instant,
    /// The loss counter when it last answered.
    losses: u64,
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = Fault;

    fn connect(&self) -> Result<Pooled, Fault> {
        let losses = self.stats.losses();
        self.stats.0.attempts.fetch_add(1, Ordering::Relaxed);
        let opened = self.connector.open(Role::Reader);
        self.stats.0.attempts.fetch_sub(1, Ordering::Relaxed);
        Ok(Pooled { connection: opened?, answered_at: Instant::now(), losses })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), Fault> {
        let losses = self.stats.losses();
        if pooled.losses != losses || pooled.answered_at.elapsed() >= PING_AFTER {
            pooled.connection.ping()?;
            (pooled.answered_at, pooled.losses) = (Instant::now(), losses);
        }
        Ok(())
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        std::thread::panicking() || pooled.connection.is_broken()
    }
}
