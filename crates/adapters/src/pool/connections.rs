//! The connections of a pool: opened in the thread that reads, and asked whether they are alive. Not before each read, as that
//! would cost a second round trip.

use crate::{
    Fault, backoff,
    connection::{AnyConnection, Connector, OpenConnection, Role},
};
use diesel::r2d2::R2D2Connection;
use std::{
    iter,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Time for which a connection that answered is taken to be alive, unless another one dies.
const TRUST: Duration = Duration::from_secs(1);

/// Age at which a connection is closed and opened anew: what it leads to may have changed.
const MAX_AGE: Duration = Duration::from_secs(1800);

/// Opens the connections of a pool, and reads on them.
pub(super) struct Connections {
    connector: Connector,
    /// Connections that were found dead. Where one is, the others may be too.
    losses: AtomicU64,
    /// A database in memory lives as long as a connection to it.
    _anchor: Option<Mutex<OpenConnection>>,
}

/// A connection of the pool.
pub(super) struct Pooled {
    connection: OpenConnection,
    opened_at: Instant,
    answered_at: Instant,
    /// Losses before it answered.
    losses: u64,
}

impl Connections {
    pub(super) fn new(connector: Connector) -> Result<Self, Fault> {
        let anchor = connector.is_in_memory().then(|| connector.open(Role::Reader)).transpose()?;
        Ok(Self { connector, losses: AtomicU64::new(0), _anchor: anchor.map(Mutex::new) })
    }

    /// Runs `work` on the connection in `held`, or on a new one. Work that met a dead connection is done again on another one,
    /// until `give_up_at`.
    pub(super) fn read<T>(
        &self,
        held: &mut Option<Pooled>,
        give_up_at: Instant,
        work: impl Fn(&mut AnyConnection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        // The second attempt is made at once: of a server that restarted, connections are left that died meanwhile.
        let mut pauses = iter::once(Duration::ZERO).chain(backoff::pauses());
        loop {
            let pooled = self.check_out(held, give_up_at)?;
            let result = pooled.connection.read(&work);
            if result.is_ok() || pooled.is_alive() {
                return result;
            }
            self.lose(held);
            if !rest(&mut pauses, give_up_at) {
                return result;
            }
        }
    }

    /// The connection in `held` if it is alive, or a new one.
    fn check_out<'a>(
        &self,
        held: &'a mut Option<Pooled>,
        give_up_at: Instant,
    ) -> Result<&'a mut Pooled, Fault> {
        let losses = self.losses.load(Ordering::Relaxed);
        let usable = match held.take() {
            Some(pooled) if pooled.opened_at.elapsed() >= MAX_AGE => None,
            Some(pooled) if pooled.losses == losses && pooled.answered_at.elapsed() < TRUST => Some(pooled),
            Some(mut pooled) => match pooled.connection.ping() {
                Ok(()) => Some(Pooled { answered_at: Instant::now(), losses, ..pooled }),
                Err(error) => {
                    tracing::warn!(%error, "an idle database connection was lost");
                    self.lose(&mut None);
                    None
                }
            },
            None => None,
        };
        match usable {
            Some(pooled) => Ok(held.insert(pooled)),
            None => Ok(held.insert(self.open(give_up_at)?)),
        }
    }

    /// Opens a connection. A server may come back until `give_up_at`; a file that cannot be opened is not waited for.
    fn open(&self, give_up_at: Instant) -> Result<Pooled, Fault> {
        let mut pauses = backoff::pauses();
        loop {
            let losses = self.losses.load(Ordering::Relaxed);
            match self.connector.open(Role::Reader) {
                Ok(connection) => {
                    let now = Instant::now();
                    return Ok(Pooled { connection, opened_at: now, answered_at: now, losses });
                }
                Err(fault) => {
                    tracing::warn!(%fault, "no database connection could be opened");
                    if self.connector.is_file() || !rest(&mut pauses, give_up_at) {
                        return Err(Fault::Unavailable(fault.to_string()));
                    }
                }
            }
        }
    }

    /// Closes a connection that is dead, and has every other one asked before it is used again.
    fn lose(&self, held: &mut Option<Pooled>) {
        self.losses.fetch_add(1, Ordering::Relaxed);
        *held = None;
    }
}

impl Pooled {
    /// Asks the connection, after a read that failed.
    fn is_alive(&mut self) -> bool {
        self.connection.ping().is_ok() && !self.connection.is_broken()
    }
}

/// Sleeps for the next pause. Returns whether there is time for another attempt.
fn rest(pauses: &mut impl Iterator<Item = Duration>, give_up_at: Instant) -> bool {
    let pause = pauses.next().unwrap_or_default();
    let is_time = Instant::now() + pause < give_up_at;
    if is_time {
        thread::sleep(pause);
    }
    is_time
}
