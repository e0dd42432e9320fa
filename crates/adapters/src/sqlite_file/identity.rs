//! The identity of a file, by which it is known under any path.

use super::paths::unavailable;
use crate::Fault;
use std::{
    fs::{self, Metadata},
    io::{self, ErrorKind},
    os::unix::fs::MetadataExt,
    path::Path,
};

/// The device and the inode of a file that is open. The kernel gives them to no other file meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }

    /// Passes if `path` leads to this file, and returns what is known of it.
    pub(super) fn check(self, path: &Path) -> Result<Metadata, Fault> {
        let found = look(path)?;
        if Self::of(&found) == self {
            return Ok(found);
        }
        Err(Fault::Unavailable(format!(
            "{} is not the file that is open: it was replaced. Nothing is stored until the file is back, or the service is \
             restarted",
            path.display()
        )))
    }
}

/// Looks at a file that should be there, without opening it.
pub(super) fn look(path: &Path) -> Result<Metadata, Fault> {
    fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Fault::Unavailable(format!(
            "{} was removed or renamed while it was open. Nothing is stored until the file is back",
            path.display()
        )),
        _ => unavailable(path, "cannot be looked at", error),
    })
}

/// The size of a file in bytes, if there is one.
pub(super) fn size(path: &Path) -> io::Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata.len())),
        Ok(_) => Err(io::Error::other("it is no regular file")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
