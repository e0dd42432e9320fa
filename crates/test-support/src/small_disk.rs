//! A small disk, for tests of full disks.

use crate::supervisor::Supervisor;
use anyhow::Context;
use std::{path::Path, process::Command};
use tempfile::TempDir;

/// A file system of a few MiB (tmpfs). It is unmounted when this value is dropped, and also when this process is
/// killed.
///
/// Needs root.
///
/// # Example
/// ```no_run
/// use gochat_test_support::SmallDisk;
///
/// let disk = SmallDisk::new(1)?;
/// std::fs::write(disk.path().join("too_large"), [0; 2 << 20]).unwrap_err();
/// # anyhow::Ok(())
/// ```
pub struct SmallDisk {
    // Unmounted before the folder is removed.
    _supervisor: Supervisor,
    folder: TempDir,
}

const SCRIPT: &str = r#"
folder=$1 size=$2
make() { mount -t tmpfs -o "size=$size,mode=0755" gochat-small-disk "$folder" && is_ours=yes; }
end() {
    [ -z "$is_ours" ] || umount --lazy "$folder"
    rmdir "$folder"
}
"#;

impl SmallDisk {
    /// Mounts a file system of this size.
    pub fn new(mebibytes: u32) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("gochat-disk-").tempdir()?;
        let path = folder.path().to_str().context("the folder of temporary files is not UTF-8")?;
        let supervisor = Supervisor::start(Command::new("sh"), SCRIPT, &[path, &format!("{mebibytes}m")])?;
        supervisor.ask("make").context("cannot mount a tmpfs (be root)")?;
        Ok(Self { _supervisor: supervisor, folder })
    }

    /// The mount point.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}
