//! The identity of a file, by which it is known under any path.

use super::paths::unavailable;
use crate::Fault;
use rustix::{fs::stat, io::Errno};
use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

/// The device and the inode of a file that is open. The kernel gives them to no other file meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

/// A file as it was found. It is looked at around each batch, so this asks for no more than is needed.
pub(super) struct Found {
    pub(super) identity: Identity,
    /// In bytes.
    pub(super) size: u64,
}

impl Identity {
    /// Passes if `path` leads to this file, and returns its size.
    pub(super) fn check(self, path: &Path) -> Result<u64, Fault> {
        let found = look(path)?;
        if found.identity == self {
            return Ok(found.size);
        }
        Err(Fault::Unavailable(format!(
            "{} is not the file that is open: it was replaced. Nothing is stored until the file is back, or the service is \
             restarted",
            path.display()
        )))
    }
}

/// Looks at a file that should be there, without opening it.
pub(super) fn look(path: &Path) -> Result<Found, Fault> {
    match stat(path) {
        Ok(found) => Ok(Found {
            identity: Identity { device: found.st_dev, inode: found.st_ino },
            size: u64::try_from(found.st_size).unwrap_or_default(),
        }),
        Err(Errno::NOENT) => Err(Fault::Unavailable(format!(
            "{} was removed or renamed while it was open. Nothing is stored until the file is back",
            path.display()
        ))),
        Err(error) => Err(unavailable(path, "cannot be looked at", error)),
    }
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
