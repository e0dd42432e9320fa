//! The file of a SQLite database: found or created at start, and watched while it is open.
//!
//! SQLite continues to write to a file that was deleted, renamed or replaced, and creates an empty one if it finds
//! none. In both cases acknowledged groups would be lost. So the file is checked before SQLite opens it, and around
//! each write.
//!
//! Nothing here closes a descriptor of the database or its WAL files while a connection may be open: closing one releases
//! all locks of this process on the file (<https://sqlite.org/howtocorrupt.html>, section 2.2). So the database is opened
//! once, before all connections, and closed after them.

mod damage;
mod first_start;
mod identity;
mod marker;
mod modes;
mod paths;
mod sidecar;
mod wal_files;
mod write_lock;

use crate::Fault;
use damage::Pages;
use identity::{Identity, stat};
use paths::{Paths, unavailable};
use std::{
    fs::File,
    io,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
pub(crate) use wal_files::WalFiles;
pub(crate) use write_lock::WriteLock;

/// Minimum size of a database with a header (<https://sqlite.org/fileformat2.html>, section 1.2).
const SMALLEST_PAGE: u64 = 512;

/// The file of a SQLite database. Cloning shares it.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseFile(Arc<State>);

#[derive(Debug)]
struct State {
    paths: Paths,
    /// The database, to flush it. [`WalFiles`] shares it, so it is open for as long as any connection.
    database: Arc<File>,
    identity: Identity,
    /// True once the file has had a header.
    has_content: AtomicBool,
    wal_files: Mutex<Weak<WalFiles>>,
    pages: Pages,
    /// The size of the database in bytes at the last check.
    size: AtomicU64,
}

impl DatabaseFile {
    /// Finds the file at `path`, or creates it on the first start.
    ///
    /// # Errors
    /// The file is missing or empty although groups were stored in it. A read-only file is accepted.
    pub(crate) fn prepare(path: &Path) -> Result<Self, Fault> {
        let paths = Paths::new(path)?;
        first_start::find_or_create(&paths)?;
        let database = File::open(&paths.database)
            .map_err(|error| unavailable(&paths.database, "cannot be opened", error))?;
        let found = stat(&paths.database)?;
        Ok(Self(Arc::new(State {
            paths,
            database: Arc::new(database),
            identity: found.identity,
            has_content: AtomicBool::new(found.size >= SMALLEST_PAGE),
            wal_files: Mutex::default(),
            pages: Pages::default(),
            size: AtomicU64::new(found.size),
        })))
    }

    /// Prepares the files for another connection, and returns the URI by which SQLite opens the database.
    ///
    /// Checks the file first: if an empty file has replaced the database, SQLite would write a header into it and
    /// remove the database's WAL.
    pub(crate) fn prepare_open(&self) -> Result<String, Fault> {
        let State { paths, identity, has_content, .. } = &*self.0;
        if has_content.load(Ordering::Relaxed) {
            self.check()?;
        } else {
            identity.check(&paths.database)?;
        }
        modes::copy_from_database(paths);
        Ok(paths.uri())
    }

    /// Registers an open connection. The connection must already have read something, because SQLite creates the WAL
    /// files at the first read.
    ///
    /// The returned value must be kept until the connection is closed. SQLite checkpoints the open WAL when the last
    /// connection closes, even if the path of the WAL is lost. A connection to another WAL would prevent that
    /// checkpoint. While the value is kept, such a connection is refused.
    ///
    /// # Errors
    /// The path leads to a different file than before, or other connections of this process use different WAL files.
    pub(crate) fn register_open(&self) -> Result<Arc<WalFiles>, Fault> {
        let paths = &self.0.paths;
        self.check_database()?;
        self.0.has_content.store(true, Ordering::Relaxed);
        let mut wal_files = self.0.wal_files.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = if let Some(known) = wal_files.upgrade() {
            known.check(paths)?;
            known
        } else {
            let new = Arc::new(WalFiles::find(paths, Arc::clone(&self.0.database))?);
            *wal_files = Arc::downgrade(&new);
            new
        };
        drop(wal_files);
        marker::ensure(paths);
        Ok(shared)
    }

    /// Checks that a restart would find all writes: the paths of the database and its WAL files lead to the open
    /// files, and the database has content.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        self.check_database()?;
        let wal_files = self.0.wal_files.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        wal_files.map_or(Ok(()), |wal_files| wal_files.check(&self.0.paths))
    }

    /// Checks that the database's path leads to the open file, and that the file has content.
    pub(crate) fn check_database(&self) -> Result<(), Fault> {
        let State { paths, identity, size: known, .. } = &*self.0;
        let size = identity.check(&paths.database)?;
        let before = known.load(Ordering::Relaxed);
        if size < SMALLEST_PAGE || size < before && !self.has_all_pages()? {
            let database = paths.database.display();
            return Err(Fault::Unavailable(format!(
                "{database} was truncated to {size} bytes, from {before}. Restore it from a backup"
            )));
        }
        if size != before {
            known.store(size, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Flushes all pages that were written to the database file, also by SQLite through its own descriptors. Blocks.
    ///
    /// A write error is still reported to SQLite: each open descriptor gets it once (`fsync(2)`, since Linux 4.13).
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.0.database.sync_data()
    }

    /// The write lock, for one writer.
    pub(crate) fn write_lock(&self) -> WriteLock {
        WriteLock::open(&self.0.paths)
    }
}

#[cfg(test)]
mod tests;
