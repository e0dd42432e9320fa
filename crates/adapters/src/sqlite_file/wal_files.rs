//! The WAL files, which SQLite keeps beside the database while connections are open.

use super::{
    identity::{Identity, stat},
    paths::Paths,
};
use crate::Fault;

/// The identities of the WAL and its index, as the first open connection found them.
///
/// Commits go into the WAL, and would be lost if it was removed, as SQLite continues to write to the removed file.
/// SQLite itself keeps both files as long as any connection of any process is open. The last connection removes them,
/// and the next one creates new ones.
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
