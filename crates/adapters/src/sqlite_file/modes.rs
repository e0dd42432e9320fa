//! The permissions of the sidecar files.

use super::paths::Paths;
use std::{
    fs::{self, Metadata, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::PermissionsExt,
    path::Path,
};

const ALL: u32 = 0o777;
const OWNER_WRITES: u32 = 0o200;

/// Gives the sidecar files the mode of the database, and always lets their owner write.
///
/// SQLite creates the WAL with the current mode of the database, and never changes it. A WAL that was created
/// read-only would block all writes even after the database has become writable and the service is restarted.
pub(super) fn copy_from_database(paths: &Paths) {
    let Ok(database) = fs::metadata(&paths.database) else { return };
    let wanted = sidecar_permissions(&database);
    for path in [&paths.wal, &paths.shm, &paths.lock, &paths.turnstile] {
        if let Err(error) = set(path, &wanted) {
            tracing::warn!(%error, file = %path.display(), "the file cannot be given the mode of the database");
        }
    }
}

/// The mode of a sidecar file.
pub(super) fn sidecar_permissions(database: &Metadata) -> Permissions {
    Permissions::from_mode(database.permissions().mode() & ALL | OWNER_WRITES)
}

/// Ignores a missing file, as SQLite may remove it meanwhile.
fn set(path: &Path, wanted: &Permissions) -> io::Result<()> {
    let set = fs::metadata(path).and_then(|found| {
        let is_set = found.permissions().mode() & ALL == wanted.mode();
        if is_set { Ok(()) } else { fs::set_permissions(path, wanted.clone()) }
    });
    set.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}
