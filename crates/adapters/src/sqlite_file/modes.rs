//! The modes of the files beside the database.

use super::paths::Paths;
use std::{
    fs::{self, Metadata, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::PermissionsExt,
    path::Path,
};

const ALL: u32 = 0o777;
const OWNER_WRITES: u32 = 0o200;

/// Gives the files beside the database its mode, and lets their owner write to them in any case.
///
/// SQLite makes its log with the mode that the database has at the time, and leaves it so. If that was read-only, nothing
/// could be written after the database itself has become writable, not even after a restart.
pub(super) fn copy_from_database(paths: &Paths) {
    let Ok(database) = fs::metadata(&paths.database) else { return };
    let wanted = of_sidecars(&database);
    for path in [&paths.wal, &paths.shm, &paths.lock, &paths.turnstile] {
        if let Err(error) = set(path, &wanted) {
            tracing::warn!(%error, file = %path.display(), "its mode cannot be made that of the database");
        }
    }
}

/// The mode of a file beside the database.
pub(super) fn of_sidecars(database: &Metadata) -> Permissions {
    Permissions::from_mode(database.permissions().mode() & ALL | OWNER_WRITES)
}

/// SQLite may remove the file meanwhile.
fn set(path: &Path, wanted: &Permissions) -> io::Result<()> {
    let set = fs::metadata(path).and_then(|found| {
        let is_set = found.permissions().mode() & ALL == wanted.mode();
        if is_set { Ok(()) } else { fs::set_permissions(path, wanted.clone()) }
    });
    set.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}
