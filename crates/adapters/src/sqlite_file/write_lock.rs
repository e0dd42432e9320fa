//! The write lock, by which processes take turns in writing.
//!
//! SQLite admits one writer at a time, and the others poll. If one process writes without a pause, the others hardly
//! ever succeed. So each writer first takes a turnstile, a second lock, and holds it only while it waits for the
//! write lock. A process that has just written finds the turnstile held by a waiting process, and queues behind it.
//!
//! The locks are `flock(2)` locks, which the kernel releases when a process dies. They provide fairness and not
//! safety; a process that ignores them, such as `sqlite3`, is excluded by SQLite's own lock.

use super::{paths::Paths, sidecar};
use crate::Fault;
use std::{
    fs::{File, TryLockError},
    io,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

/// Interval between polls of a held lock.
const POLL_INTERVAL: Duration = Duration::from_micros(200);

/// The write lock, for one writer.
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
    /// Opens the lock files. If that fails, as in a read-only folder, only SQLite's own lock is used.
    pub(super) fn open(paths: &Paths) -> Self {
        let files = Files::open(paths)
            .inspect_err(|error| {
                let file = paths.lock.display();
                tracing::warn!(%error, %file, "the write lock cannot be opened; other writing processes may wait long");
            })
            .ok();
        Self { database: paths.target.clone(), files }
    }

    /// Takes the lock, and waits `timeout` at most: a process that was stopped while holding it would block all
    /// others forever.
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

    /// Takes the write lock, and returns false on a timeout. The turnstile is free afterwards in any case.
    fn lock(&self, deadline: Instant) -> io::Result<bool> {
        if !lock_until(&self.turnstile, deadline)? {
            return Ok(false);
        }
        let locked = lock_until(&self.lock, deadline);
        self.turnstile.unlock()?;
        locked
    }
}

/// Takes the lock, and returns false on a timeout. Polls, as `flock` has no timeout.
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

/// The held write lock. Dropping it releases the lock.
#[derive(Debug)]
pub(crate) struct WriteGuard<'a>(Option<&'a File>);

impl Drop for WriteGuard<'_> {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.map(File::unlock) {
            tracing::error!(%error, "the write lock could not be released");
        }
    }
}

#[cfg(test)]
mod tests;
