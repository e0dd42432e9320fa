//! The decision whether a missing or empty file is a first start.

use super::{
    identity::size,
    marker,
    paths::{Paths, unavailable},
};
use crate::Fault;
use std::{fs::OpenOptions, io, os::unix::fs::OpenOptionsExt};

/// Finds the database, or makes its file, empty, where no groups can be missing.
///
/// SQLite itself would remove the log of an empty database, and the groups in it.
pub(super) fn find_or_make(paths: &Paths) -> Result<(), Fault> {
    // The traces come first. Another process that starts now leaves them after it has written the database, so a trace
    // and no database after it are no race.
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
    // Nothing is cut off, so a process that makes the file at the same moment loses nothing. SQLite gives the mode to the
    // log and to its index.
    let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&paths.database);
    made.map(drop).map_err(|error| unavailable(&paths.database, "cannot be made", error))
}

/// The sign that there were groups, as a part of a sentence.
fn evidence(paths: &Paths) -> io::Result<Option<String>> {
    if size(&paths.wal)?.is_some_and(|size| size > 0) {
        return Ok(Some(format!("its log {} is not", paths.wal.display())));
    }
    if marker::exists(paths)? {
        return Ok(Some(format!("there was a database, says {}", paths.lock.display())));
    }
    Ok(None)
}
