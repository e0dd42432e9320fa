//! The sidecar files that the service itself creates beside the database.

use super::modes;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::{MetadataExt, OpenOptionsExt, fchown},
    path::Path,
};

/// Opens the file at `path`, or creates it with the owner and mode of the database.
pub(super) fn open(path: &Path, database: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    match options.clone().create_new(true).mode(0o600).open(path) {
        Ok(new) => share(new, database),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => options.open(path),
        Err(error) => Err(error),
    }
}

/// Gives a new file the owner and the mode of the database, as SQLite does with its WAL: root may run a command
/// beside a server that runs as another user.
fn share(new: File, database: &Path) -> io::Result<File> {
    let (mine, theirs) = (new.metadata()?, fs::metadata(database)?);
    if (mine.uid(), mine.gid()) != (theirs.uid(), theirs.gid()) && mine.uid() == 0 {
        fchown(&new, Some(theirs.uid()), Some(theirs.gid()))?;
    }
    new.set_permissions(modes::sidecar_permissions(&theirs))?;
    Ok(new)
}
