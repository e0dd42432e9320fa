//! The marker of a database that has had content. Without it, a lost file would look like a first start.

use super::{
    identity::size,
    paths::{Paths, folder_of},
    sidecar,
};
use std::{
    fs::File,
    io::{self, Write},
};

/// Returns true if there was a database before. The marker is any content of the lock file.
pub(super) fn exists(paths: &Paths) -> io::Result<bool> {
    Ok(size(&paths.lock)?.is_some_and(|size| size > 0))
}

/// Writes the marker if it is missing. Must be called after SQLite has written the header. If the process crashes
/// before, the next start still counts as the first.
///
/// If the marker cannot be written, the service continues. The only risk is that the next start does not notice a lost
/// database file.
pub(super) fn ensure(paths: &Paths) {
    let ensured = exists(paths).and_then(|exists| if exists { Ok(()) } else { write(paths) });
    if let Err(error) = ensured {
        tracing::warn!(
            %error,
            file = %paths.lock.display(),
            "the marker of the database cannot be written: if the database file is lost, the next start creates an empty one"
        );
    }
}

fn write(paths: &Paths) -> io::Result<()> {
    let mut file = sidecar::open(&paths.lock, &paths.target)?;
    let name = paths.target.file_name().unwrap_or_default().display();
    file.write_all(
        format!(
            "gochat keeps its groups in {name}, and does not start without that file while this text is here. To start with \
             a backup, or without any group, move {name}* away first.\n"
        )
        .as_bytes(),
    )?;
    file.sync_all()?;
    // Makes the directory entries of the database and of this file durable.
    File::open(folder_of(&paths.lock))?.sync_all()
}
