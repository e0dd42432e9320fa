//! The lock under which processes take turns in writing.
//!
//! SQLite lets one process write at a time, and the others ask again and again whether it has ended. Beside a process that
//! writes without a pause they hardly ever ask at the right moment. So each writer first passes a turnstile, a second
//! lock, and holds it only while it waits for the first one. A process that has just written finds the turnstile taken
//! by the one that waits, and is served after it.
//!
//! The locks are those of the kernel on open files (`flock(2)`): a process that dies lets go. They give order and not
//! safety; a process that does without, such as `sqlite3`, is kept out by SQLite itself.

use super::{paths::Paths, sidecar};
use crate::Fault;
use std::{
    fs::{File, TryLockError},
    io,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

/// Pause between two looks at a lock that is taken.
const POLL_INTERVAL: Duration = Duration::from_micros(200);

/// The lock of one writer.
#[derive(Debug)]
pub(crate) struct WriteLock {
    database: PathBuf,
    files: Option<Files>,
}

#[derive(Debug)]
struct Files {
    turnstile: File,
    lock: File,
}

impl WriteLock {
    /// Opens the files of the lock. Where that fails, as in a folder that is read-only, SQLite's own lock has to do.
    pub(super) fn open(paths: &Paths) -> Self {
        let files = Files::open(paths)
            .inspect_err(|error| {
                let file = paths.lock.display();
                tracing::warn!(%error, %file, "other processes that write may wait long: no lock to take turns by");
            })
            .ok();
        Self { database: paths.target.clone(), files }
    }

    /// Waits for this writer's turn, `timeout` at most: a process that was stopped in its turn would hold up all others
    /// for ever.
    pub(crate) fn acquire(&mut self, timeout: Duration) -> Result<WriteGuard<'_>, Fault> {
        let Some(files) = &self.files else { return Ok(WriteGuard(None)) };
        let deadline = Instant::now() + timeout;
        match files.lock(deadline) {
            Ok(true) => Ok(WriteGuard(Some(&files.lock))),
            Ok(false) => Err(Fault::Unavailable(format!(
                "database is locked: another process has been writing to {} for {timeout:?}",
                self.database.display()
            ))),
            Err(error) => {
                Err(Fault::Unavailable(format!("cannot lock {}: {error}", self.database.display())))
            }
        }
    }
}

impl Files {
    fn open(paths: &Paths) -> io::Result<Self> {
        Ok(Self {
            turnstile: sidecar::open(&paths.turnstile, &paths.target)?,
            lock: sidecar::open(&paths.lock, &paths.target)?,
        })
    }

    /// Whether the lock was locked in time. The turnstile is free again in any case.
    fn lock(&self, deadline: Instant) -> io::Result<bool> {
        if !lock_until(&self.turnstile, deadline)? {
            return Ok(false);
        }
        let locked = lock_until(&self.lock, deadline);
        self.turnstile.unlock()?;
        locked
    }
}

/// Whether the lock was taken in time. The kernel has no wait with an end, so this asks.
fn lock_until(file: &File, deadline: Instant) -> io::Result<bool> {
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(POLL_INTERVAL),
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// A writer's turn. It ends when this value is dropped.
#[derive(Debug)]
pub(crate) struct WriteGuard<'a>(Option<&'a File>);

impl Drop for WriteGuard<'_> {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.map(File::unlock) {
            tracing::error!(%error, "a turn to write could not be ended");
        }
    }
}

#[cfg(test)]
mod tests;
