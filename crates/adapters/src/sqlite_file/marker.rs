//! The mark of a database that has had content: without it, a lost file would look like a first start.

use super::{
    identity::size,
    paths::{Paths, folder_of},
    sidecar,
};
use std::{
    fs::File,
    io::{self, Write},
};

/// Whether a database was here before. The mark is any content of the lock file.
pub(super) fn exists(paths: &Paths) -> io::Result<bool> {
    Ok(size(&paths.lock)?.is_some_and(|size| size > 0))
}

/// Leaves the mark. To be called once SQLite has written the header: a crash before that is still a first start.
///
/// Where it cannot be written, the service works on: only a file that is lost before the next start would go unnoticed.
pub(super) fn ensure(paths: &Paths) {
    let ensured = exists(paths).and_then(|exists| if exists { Ok(()) } else { write(paths) });
    if let Err(error) = ensured {
        tracing::warn!(
            %error,
            file = %paths.lock.display(),
            "the database cannot be marked: if its file is lost, the next start makes an empty one"
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
    // The entries of the database and of this file.
    File::open(folder_of(&paths.lock))?.sync_all()
}
