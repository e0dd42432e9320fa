//! The paths of a SQLite database and its sidecar files.

use crate::Fault;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use std::{
    ffi::OsStr,
    fmt::Display,
    fs::{self, DirBuilder},
    io,
    os::unix::{ffi::OsStrExt, fs::DirBuilderExt},
    path::{self, Path, PathBuf},
};

/// Maximum number of symbolic links to follow, as in the kernel (`path_resolution(7)`).
const MAX_LINKS: usize = 40;

/// Characters that are percent-encoded in a `file:` URI: all that may have a special meaning there
/// (<https://sqlite.org/uri.html>).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The files of one database.
#[derive(Debug)]
pub(super) struct Paths {
    /// The configured path, made absolute. It may be a symbolic link.
    pub(super) database: PathBuf,
    /// The file behind the links. The sidecar files are beside it and named after it.
    pub(super) target: PathBuf,
    /// The write-ahead log (WAL).
    pub(super) wal: PathBuf,
    /// The index of the WAL, which also holds SQLite's locks.
    pub(super) shm: PathBuf,
    /// The file that a writer locks. Its content is the marker.
    pub(super) lock: PathBuf,
    /// The file that a writer locks while it waits for `lock`.
    pub(super) turnstile: PathBuf,
}

impl Paths {
    /// The paths of the database at `database`. A missing folder is created, for the service's user only.
    pub(super) fn new(database: &Path) -> Result<Self, Fault> {
        let unusable = |error| unavailable(database, "cannot be used", error);
        if database.file_name().is_none() {
            return Err(Fault::Unavailable(format!("{} is not a file", database.display())));
        }
        let database = path::absolute(database).map_err(unusable)?;
        let folder = folder_of(&database);
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
            Fault::Unavailable(format!("cannot create the folder {}: {error}", folder.display()))
        })?;
        let target = resolve(&database).map_err(unusable)?;
        let beside = |suffix: &str| {
            let mut path = target.clone().into_os_string();
            path.push(suffix);
            PathBuf::from(path)
        };
        let (wal, shm) = (beside("-wal"), beside("-shm"));
        let (lock, turnstile) = (beside("-lock"), beside("-turnstile"));
        Ok(Self { database, target, wal, shm, lock, turnstile })
    }

    /// The URI of the database. With `mode=rw`, SQLite creates no file.
    pub(super) fn uri(&self) -> String {
        format!("file:{}?mode=rw", percent_encode(self.target.as_os_str().as_bytes(), ENCODED))
    }

    /// A shell pattern for all files of the database.
    pub(super) fn glob(&self) -> impl Display {
        format!("{}*", self.target.display())
    }
}

/// The folder of a file with an absolute path.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("/"))
}

/// Resolves symbolic links. The file need not exist, unlike for [`fs::canonicalize`].
fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        // An error means that the file is missing or is not a link.
        let Ok(next) = fs::read_link(&target) else { break };
        target = folder_of(&target).join(next);
    }
    Ok(folder_of(&target).canonicalize()?.join(target.file_name().unwrap_or(OsStr::new(""))))
}

/// A fault that names the file.
pub(super) fn unavailable(path: &Path, trouble: &str, error: impl Display) -> Fault {
    Fault::Unavailable(format!("{} {trouble}: {error}", path.display()))
}
