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
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = Fault;

    fn connect(&self) -> Result<Pooled, Fault> {
        let losses = self.losses.count();
        Ok(Pooled { connection: self.connector.open(Role::Reader)?, answered_at: Instant::now(), losses })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), Fault> {
        let losses = self.losses.count();
        if pooled.losses != losses || pooled.answered_at.elapsed() >= TRUST {
            pooled.connection.ping()?;
            (pooled.answered_at, pooled.losses) = (Instant::now(), losses);
        }
        Ok(())
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        std::thread::panicking() || pooled.connection.is_broken()
    }
}
