//! The identity of a file, independent of its path.

use super::paths::unavailable;
use crate::Fault;
use rustix::{fs, io::Errno};
use std::{
    io::{self, ErrorKind},
    path::Path,
};

/// The device and the inode of an open file. While the file is open, no other file has the same pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

/// The status of a file. It is read before and after each batch, so it has only the needed fields.
pub(super) struct FileStat {
    pub(super) identity: Identity,
    /// In bytes.
    pub(super) size: u64,
}

impl Identity {
    /// Checks that `path` leads to this file, and returns its size.
    pub(super) fn check(self, path: &Path) -> Result<u64, Fault> {
        let found = stat(path)?;
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

/// Reads the status of a file that must exist, without opening it.
pub(super) fn stat(path: &Path) -> Result<FileStat, Fault> {
    match raw_stat(path) {
        Ok(found) => Ok(found),
        Err(Errno::NOENT) => Err(Fault::Unavailable(format!(
            "{} was removed or renamed while it was open. Nothing is stored until the file is back",
            path.display()
        ))),
        Err(error) => Err(unavailable(path, "cannot be checked", error)),
    }
}

/// Does not ask for timestamps: since 6.13, Linux keeps exact timestamps for a file once they are asked for, and
/// writes them at each flush of the WAL. That made a create 40 µs slower.
#[cfg(target_os = "linux")]
fn raw_stat(path: &Path) -> Result<FileStat, Errno> {
    use fs::{AtFlags, CWD, StatxFlags};
    let found = fs::statx(CWD, path, AtFlags::empty(), StatxFlags::INO | StatxFlags::SIZE)?;
    let device = u64::from(found.stx_dev_major) << 32 | u64::from(found.stx_dev_minor);
    Ok(FileStat { identity: Identity { device, inode: found.stx_ino }, size: found.stx_size })
}

#[cfg(not(target_os = "linux"))]
fn raw_stat(path: &Path) -> Result<FileStat, Errno> {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::metadata(path)
        .map_err(|error| error.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error))?;
    Ok(FileStat { identity: Identity { device: found.dev(), inode: found.ino() }, size: found.len() })
}

/// The size of a file in bytes; `None` if it does not exist.
pub(super) fn size(path: &Path) -> io::Result<Option<u64>> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata.len())),
        Ok(_) => Err(io::Error::other("it is not a regular file")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
