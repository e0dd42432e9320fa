//! The file of a SQLite database: found or made at start, and watched from then on.
//!
//! SQLite keeps on writing to a file that was deleted, renamed or replaced, and makes an empty one where it finds none.
//! Either way groups are acknowledged that nobody finds again. So the file is looked at before SQLite opens it, and
//! again around each write.
//!
//! Nothing here opens the database, its log or its index while a connection may be open: closing any descriptor of
//! such a file lets go of all of this process's locks on it (<https://sqlite.org/howtocorrupt.html>, section 2.2).

mod companions;
mod damage;
mod first_start;
mod identity;
mod mark;
mod modes;
mod neighbour;
mod paths;
mod write_lock;

use crate::Fault;
pub(crate) use companions::Companions;
use damage::Pages;
use identity::{Identity, look};
use paths::Paths;
use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
};
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
    companions: Mutex<Weak<Companions>>,
    pages: Pages,
}

impl DatabaseFile {
    /// Finds the file at `path`, or makes it at a first start.
    ///
    /// # Errors
    /// The file is missing or empty, although groups were stored in it. A read-only file passes.
    pub(crate) fn prepare(path: &Path) -> Result<Self, Fault> {
        let paths = Paths::of(path)?;
        first_start::find_or_make(&paths)?;
        let found = look(&paths.database)?;
        Ok(Self(Arc::new(State {
            paths,
            identity: found.identity,
            has_content: AtomicBool::new(found.size >= SMALLEST_PAGE),
            companions: Mutex::default(),
            pages: Pages::default(),
        })))
    }

    /// Prepares the files for one more connection, and returns the URI by which SQLite opens the database.
    ///
    /// SQLite would write a header into an empty file that is in the place of the database, and remove its log.
    pub(crate) fn opening(&self) -> Result<String, Fault> {
        let State { paths, identity, has_content, .. } = &*self.0;
        if has_content.load(Ordering::Relaxed) {
            self.check()?;
        } else {
            identity.check(&paths.database)?;
        }
        modes::align(paths);
        Ok(paths.uri())
    }

    /// Registers a connection that is open and has read, so that SQLite has made the log and its index.
    ///
    /// The value is kept until the connection is closed. The last connection that closes copies the log that it has open
    /// into the database, even if its path is lost; one that was opened meanwhile beside another log would keep it from that.
    ///
    /// # Errors
    /// The path leads to another file than at first, or other connections of this process use another log.
    pub(crate) fn opened(&self) -> Result<Arc<Companions>, Fault> {
        let paths = &self.0.paths;
        self.check_database()?;
        self.0.has_content.store(true, Ordering::Relaxed);
        let mut companions = self.0.companions.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = if let Some(known) = companions.upgrade() {
            known.check(paths)?;
            known
        } else {
            let new = Arc::new(Companions::find(paths)?);
            *companions = Arc::downgrade(&new);
            new
        };
        drop(companions);
        mark::leave(paths);
        Ok(shared)
    }

    /// Passes while a restart would find what the open connections write: the paths of the database, of its log and of
    /// its index lead to the files that are open, and the database has content.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        self.check_database()?;
        let companions = self.0.companions.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        companions.map_or(Ok(()), |companions| companions.check(&self.0.paths))
    }

    /// Passes while the path of the database leads to the file that is open, and the file has content.
    pub(crate) fn check_database(&self) -> Result<(), Fault> {
        let State { paths, identity, .. } = &*self.0;
        let size = identity.check(&paths.database)?;
        if size >= SMALLEST_PAGE {
            return Ok(());
        }
        let database = paths.database.display();
        Err(Fault::Unavailable(format!("{database} was cut to {size} bytes. A backup has what was in it")))
    }

    /// The lock of one writer. Each writer of this process has its own.
    pub(crate) fn write_lock(&self) -> WriteLock {
        WriteLock::open(&self.0.paths)
    }
}

#[cfg(test)]
mod tests;
