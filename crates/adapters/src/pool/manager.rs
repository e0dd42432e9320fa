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
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Time for which a connection that answered is taken to be alive, unless another one dies.
const TRUST: Duration = Duration::from_secs(1);

/// The pool's manager.
#[derive(Debug)]
pub(super) struct Manager {
    connector: Connector,
    losses: Losses,
}

impl Manager {
    pub(super) fn new(connector: Connector, losses: Losses) -> Self {
        Self { connector, losses }
    }
}

/// Number of connections that were found dead in use. Where one is, the others may be too.
#[derive(Debug, Clone, Default)]
pub(super) struct Losses(Arc<AtomicU64>);

impl Losses {
    /// Has every connection asked before it is used again.
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A connection of the pool.
pub(super) struct Pooled {
    pub(super) connection: OpenConnection,
    answered_at: Instant,
    /// Those before it answered.
    losses: u64,
    taken_at: Instant,
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = Fault;

    fn connect(&self) -> Result<Pooled, Fault> {
        let losses = self.losses.count();
        let connection = self.connector.open(Role::Reader)?;
        let now = Instant::now();
        Ok(Pooled { connection, answered_at: now, losses, taken_at: now })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), Fault> {
        pooled.taken_at = Instant::now();
        let losses = self.losses.count();
        if pooled.losses != losses || pooled.answered_at.elapsed() >= TRUST {
            pooled.connection.ping()?;
            (pooled.answered_at, pooled.losses) = (Instant::now(), losses);
        }
        Ok(())
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        // The thread of one that was out for so long is replaced, and its successor has one.
        let is_replaced =
            self.connector.stuck_after().is_some_and(|patience| pooled.taken_at.elapsed() >= patience);
        is_replaced || std::thread::panicking() || pooled.connection.is_broken()
    }
}
