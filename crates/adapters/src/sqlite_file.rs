//! The file of a SQLite database: found or made at start, and watched from then on.
//!
//! SQLite keeps on writing to a file that was deleted, renamed or replaced, and makes an empty one where it finds none.
//! Either way groups are acknowledged that nobody finds again. So the file is looked at before SQLite opens it, and
//! again around each write.
//!
//! Nothing here opens the database, its log or its index while a connection may be open: closing any descriptor of
//! such a file lets go of all of this process's locks on it (<https://sqlite.org/howtocorrupt.html>, section 2.2).

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
use paths::Paths;
use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
pub(crate) use wal_files::WalFiles;
pub(crate) use write_lock::WriteLock;

/// The fewest bytes of a database that has its header (<https://sqlite.org/fileformat2.html>, section 1.2).
const SMALLEST_PAGE: u64 = 512;

/// The file of a SQLite database. Cloning shares it.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseFile(Arc<State>);

#[derive(Debug)]
struct State {
    paths: Paths,
    identity: Identity,
    /// Whether the file has ever been more than one that was just made.
    has_content: AtomicBool,
    wal_files: Mutex<Weak<WalFiles>>,
    pages: Pages,
    /// The size of the database in bytes when it was last looked at.
    size: AtomicU64,
}

impl DatabaseFile {
    /// Finds the file at `path`, or makes it at a first start.
    ///
    /// # Errors
    /// The file is missing or empty, although groups were stored in it. A read-only file passes.
    pub(crate) fn prepare(path: &Path) -> Result<Self, Fault> {
        let paths = Paths::new(path)?;
        first_start::find_or_make(&paths)?;
        let found = stat(&paths.database)?;
        Ok(Self(Arc::new(State {
            paths,
            identity: found.identity,
            has_content: AtomicBool::new(found.size >= SMALLEST_PAGE),
            wal_files: Mutex::default(),
            pages: Pages::default(),
            size: AtomicU64::new(found.size),
        })))
    }

    /// Prepares the files for one more connection, and returns the URI by which SQLite opens the database.
    ///
    /// SQLite would write a header into an empty file that is in the place of the database, and remove its log.
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

    /// Registers a connection that is open and has read, so that SQLite has made the log and its index.
    ///
    /// The value is kept until the connection is closed. The last connection that closes copies the log that it has open
    /// into the database, even if its path is lost; one that was opened meanwhile beside another log would keep it from that.
    ///
    /// # Errors
    /// The path leads to another file than at first, or other connections of this process use another log.
    pub(crate) fn register_open(&self) -> Result<Arc<WalFiles>, Fault> {
        let paths = &self.0.paths;
        self.check_database()?;
        self.0.has_content.store(true, Ordering::Relaxed);
        let mut wal_files = self.0.wal_files.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = if let Some(known) = wal_files.upgrade() {
            known.check(paths)?;
            known
        } else {
            let new = Arc::new(WalFiles::find(paths)?);
            *wal_files = Arc::downgrade(&new);
            new
        };
        drop(wal_files);
        marker::ensure(paths);
        Ok(shared)
    }

    /// Passes while a restart would find what the open connections write: the paths of the database, of its log and of
    /// its index lead to the files that are open, and the database has content.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        self.check_database()?;
        let wal_files = self.0.wal_files.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        wal_files.map_or(Ok(()), |wal_files| wal_files.check(&self.0.paths))
    }

    /// Passes while the path of the database leads to the file that is open, and the file has content.
    pub(crate) fn check_database(&self) -> Result<(), Fault> {
        let State { paths, identity, size: known, .. } = &*self.0;
        let size = identity.check(&paths.database)?;
        let before = known.load(Ordering::Relaxed);
        if size < SMALLEST_PAGE || size < before && !self.has_all_pages()? {
            let database = paths.database.display();
            return Err(Fault::Unavailable(format!(
                "{database} was cut to {size} bytes, from {before}. A backup has what was in it"
            )));
        }
        if size != before {
            known.store(size, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The lock of one writer. Each writer of this process has its own.
    pub(crate) fn write_lock(&self) -> WriteLock {
        WriteLock::open(&self.0.paths)
    }
}

#[cfg(test)]
mod tests;
