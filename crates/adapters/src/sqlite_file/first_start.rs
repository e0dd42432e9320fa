//! Distinguishes a first start from a lost database.

use super::{
    identity::size,
    marker,
    paths::{Paths, unavailable},
};
use crate::Fault;
use std::{fs::OpenOptions, io, os::unix::fs::OpenOptionsExt};

/// Finds the database, or creates an empty file if nothing shows that groups were stored before.
///
/// SQLite itself would remove the WAL of an empty database, with the groups in it.
pub(super) fn find_or_create(paths: &Paths) -> Result<(), Fault> {
    // The evidence must be checked first and the database second. A process that starts at the same time writes them in
    // the opposite order, so evidence that is found here implies that its database is there too.
    let evidence = evidence(paths).map_err(|error| unavailable(&paths.target, "cannot be used", error))?;
    let found =
        size(&paths.database).map_err(|error| unavailable(&paths.database, "cannot be used", error))?;
    let state = match found {
        Some(1..) => return Ok(()),
        Some(0) => "is empty",
        None => "is missing",
    };
    if let Some(evidence) = evidence {
        return Err(Fault::Unavailable(format!(
            "{} {state}, but {evidence}. Put the file back. Or move {} away, and then put a backup in its place or start \
             without any group",
            paths.target.display(),
            paths.glob(),
        )));
    }
    // Not truncated, so a process that creates the file concurrently loses nothing. SQLite copies the mode to the WAL
    // files.
    let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&paths.database);
    made.map(drop).map_err(|error| unavailable(&paths.database, "cannot be created", error))
}

/// The evidence that there were groups, as a clause for the error message.
fn evidence(paths: &Paths) -> io::Result<Option<String>> {
    if size(&paths.wal)?.is_some_and(|size| size > 0) {
        return Ok(Some(format!("its write-ahead log {} is not", paths.wal.display())));
    }
    if marker::exists(paths)? {
        return Ok(Some(format!("{} says that there was a database", paths.lock.display())));
    }
    Ok(None)
}
