//! Temporary folders for servers that refuse to run as root, as PostgreSQL and PgBouncer do.

use crate::deadline;
use anyhow::{Context, bail};
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// A temporary folder, removed when this value is dropped. If this process is root, it belongs to the user
/// `postgres`.
pub(crate) struct ServerFolder {
    folder: TempDir,
    is_root: bool,
}

impl ServerFolder {
    pub(crate) fn new(prefix: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix(prefix).tempdir()?;
        let is_root = fs::metadata(folder.path())?.uid() == 0;
        if is_root {
            run(Command::new("chown").arg("postgres:postgres").arg(folder.path()))?;
        }
        let folder = Self { folder, is_root };
        run(folder.command("test").arg("-w").arg(folder.path())).with_context(|| {
            format!(
                "the user postgres cannot reach {}: each folder above it must let others pass (chmod a+x)",
                folder.path().display()
            )
        })?;
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Returns a command that runs in the folder as its owner.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = if self.is_root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]);
            command.arg(program.as_ref());
            command
        } else {
            Command::new(program.as_ref())
        };
        command.current_dir(self.path());
        command
    }
}

/// Runs a command to its end, for at most [`deadline::LIMIT`]. The error contains what it wrote to
/// standard error.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_owned();
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = spawned.with_context(|| format!("cannot run {}", program.display()))?;
    let output = deadline::output(child);
    if !output.status.success() {
        bail!("{} failed: {}", program.display(), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
