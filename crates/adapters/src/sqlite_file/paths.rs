//! The paths of a SQLite database and of the files beside it.

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

/// The most symbolic links that are followed, as in the kernel (`path_resolution(7)`).
const LINKS: usize = 40;

/// The characters that stand for nothing else in a `file:` URI (<https://sqlite.org/uri.html>).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The files of one database.
#[derive(Debug)]
pub(super) struct Paths {
    /// The path from the configuration, made absolute. It may be a symbolic link.
    pub(super) database: PathBuf,
    /// The file behind the links: the other files stand beside it, and are named after it.
    pub(super) target: PathBuf,
    /// The write-ahead log.
    pub(super) wal: PathBuf,
    /// The index of the log, which also carries SQLite's locks.
    pub(super) shm: PathBuf,
    /// The lock that a writer holds. Its content is the mark.
    pub(super) lock: PathBuf,
    /// The lock that a writer passes on its way.
    pub(super) turnstile: PathBuf,
}

impl Paths {
    /// The paths of the database at `database`; a missing folder is made, for the service's user alone.
    pub(super) fn new(database: &Path) -> Result<Self, Fault> {
        let unusable = |error| unavailable(database, "cannot be used", error);
        if database.file_name().is_none() {
            return Err(Fault::Unavailable(format!("{} is no file", database.display())));
        }
        let database = path::absolute(database).map_err(unusable)?;
        let folder = folder_of(&database);
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
            Fault::Unavailable(format!("cannot make the folder {}: {error}", folder.display()))
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

    /// The URI of the database. With `mode=rw`, SQLite makes no file.
    pub(super) fn uri(&self) -> String {
        format!("file:{}?mode=rw", percent_encode(self.target.as_os_str().as_bytes(), PLAIN))
    }

    /// All files of the database, as a shell names them.
    pub(super) fn glob(&self) -> impl Display {
        format!("{}*", self.target.display())
    }
}

/// The folder of a file whose path is absolute.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("/"))
}

/// The file behind `path`, which need not exist yet: [`fs::canonicalize`] would fail.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..LINKS {
        // An error says that nothing is there, or no link.
        let Ok(next) = fs::read_link(&target) else { break };
        target = folder_of(&target).join(next);
    }
    Ok(folder_of(&target).canonicalize()?.join(target.file_name().unwrap_or(OsStr::new(""))))
}

/// A fault that names the file.
pub(super) fn unavailable(path: &Path, trouble: &str, error: impl Display) -> Fault {
    Fault::Unavailable(format!("{} {trouble}: {error}", path.display()))
}
