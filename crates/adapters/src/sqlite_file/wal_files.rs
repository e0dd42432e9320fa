//! The files that SQLite keeps beside the database while connections are open.

use super::{
    identity::{Identity, stat},
    paths::Paths,
};
use crate::Fault;

/// The log and its index, as the first of the connections that are open found them.
///
/// Commits go into the log, and to a file of the same name that nobody else sees after it was removed. Both files stay
/// the same as long as any connection is open, whatever another process does by SQLite's own means; the last connection
/// removes them, and the next one makes new ones.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WalFiles {
    wal: Identity,
    shm: Identity,
}

impl WalFiles {
    pub(super) fn find(paths: &Paths) -> Result<Self, Fault> {
        Ok(Self { wal: stat(&paths.wal)?.identity, shm: stat(&paths.shm)?.identity })
    }

    pub(super) fn check(&self, paths: &Paths) -> Result<(), Fault> {
        self.wal.check(&paths.wal)?;
        self.shm.check(&paths.shm)?;
        Ok(())
    }
}
