//! Opens connections for the pool, and asks them whether they are alive: not each time, as that would cost every read a
//! second round trip.

use crate::{
    Fault,
    connection::{Connector, OpenConnection, Role},
};
use diesel::r2d2::R2D2Connection;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Time for which a connection that answered is taken to be alive, unless another one dies.
const PING_AFTER: Duration = Duration::from_secs(1);

/// The pool's manager.
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

/// The fate of connections. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub(super) struct ConnectionStats(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    losses: AtomicU64,
    attempts: AtomicUsize,
}

impl ConnectionStats {
    /// Notes that a connection was found dead in use. The others may be too, so each is asked before it is used again.
    pub(super) fn add_loss(&self) {
        self.0.losses.fetch_add(1, Ordering::Relaxed);
    }

    /// The attempts to connect that are under way.
    pub(super) fn attempts(&self) -> usize {
        self.0.attempts.load(Ordering::Relaxed)
    }

    fn losses(&self) -> u64 {
        self.0.losses.load(Ordering::Relaxed)
    }
}

/// A connection of the pool.
pub(super) struct Pooled {
    pub(super) connection: OpenConnection,
    answered_at: Instant,
    /// Losses before it answered.
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
