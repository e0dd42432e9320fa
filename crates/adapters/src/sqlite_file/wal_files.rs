//! The WAL files, which SQLite keeps beside the database while connections are open.

use super::{
    identity::{Identity, stat},
    paths::Paths,
};
use crate::Fault;
use std::{fs::File, sync::Arc};

/// The identities of the WAL and its index, as the first open connection found them.
///
/// Commits go into the WAL, and would be lost if it was removed, as SQLite continues to write to the removed file.
/// SQLite itself keeps both files as long as any connection of any process is open. The last connection removes them,
/// and the next one creates new ones.
#[derive(Debug)]
pub(crate) struct WalFiles {
    wal: Identity,
    shm: Identity,
    /// Must not be closed while a connection is open.
    _database: Arc<File>,
}

impl WalFiles {
    /// Finds the files beside `database`.
    pub(super) fn find(paths: &Paths, database: Arc<File>) -> Result<Self, Fault> {
        let (wal, shm) = (stat(&paths.wal)?.identity, stat(&paths.shm)?.identity);
        Ok(Self { wal, shm, _database: database })
    }

    pub(super) fn check(&self, paths: &Paths) -> Result<(), Fault> {
        self.wal.check(&paths.wal)?;
        self.shm.check(&paths.shm)?;
        Ok(())
    }
}
