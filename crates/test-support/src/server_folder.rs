//! A folder in which a server runs that refuses to run as root, as PostgreSQL and PgBouncer do.

use anyhow::{Context, bail};
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// A folder of its own, removed with this value. Where this process is root, the folder belongs to the user `postgres`.
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
        Ok(Self { folder, is_root })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A command that runs in the folder as its owner.
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

/// Runs a command to its end; what it complains about is the error.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_owned();
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("cannot run {}", program.display()))?;
    if !output.status.success() {
        bail!("{} failed: {}", program.display(), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
