//! A fake clock for a process that a test starts.

use anyhow::Context;
use std::{fs, path::PathBuf};
use tempfile::NamedTempFile;

/// The clock of a process, faked by libfaketime with a file that contains its offset. The file is removed when this
/// value is dropped.
pub struct FakeClock {
    library: PathBuf,
    offset: NamedTempFile,
}

impl FakeClock {
    /// A clock that shows the real time.
    pub fn new() -> anyhow::Result<Self> {
        let clock = Self { library: library()?, offset: NamedTempFile::new()? };
        clock.set(0)?;
        Ok(clock)
    }

    /// Sets the clock `seconds` seconds ahead of the real time.
    pub fn set(&self, seconds: i64) -> anyhow::Result<()> {
        Ok(fs::write(&self.offset, format!("{seconds:+}\n"))?)
    }

    /// The environment variables that give a process this clock. Waits use the real time.
    pub fn variables(&self) -> [(&'static str, String); 4] {
        let path = |path: &std::path::Path| path.display().to_string();
        [
            ("LD_PRELOAD", path(&self.library)),
            ("FAKETIME_TIMESTAMP_FILE", path(self.offset.path())),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    }
}

/// The path of the library on Debian and Fedora.
pub(crate) fn library() -> anyhow::Result<PathBuf> {
    let folders = ["/usr/lib", "/usr/lib64"].into_iter().map(PathBuf::from);
    let multiarch = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    folders
        .chain(multiarch)
        .map(|folder| folder.join("faketime/libfaketime.so.1"))
        .find(|library| library.exists())
        .context("there is no libfaketime.so.1 (Debian: apt-get install faketime)")
}
