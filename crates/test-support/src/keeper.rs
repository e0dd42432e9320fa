//! The end of what a test process started, whatever ends that process.

use crate::deadline::Lines;
use anyhow::{Context, bail};
use std::{
    io::Write,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

/// A shell that keeps something for this process, and cleans up when its standard input ends.
///
/// The kernel closes the pipe with this process, so nothing is left behind by a test that is killed.
pub(crate) struct Keeper {
    shell: Child,
    answers: Lines,
}

impl Keeper {
    /// Starts `shell`, which takes the arguments of `sh`, with `script` and its arguments.
    pub(crate) fn start(mut shell: Command, script: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut shell = shell
            .args(["-c", script, "keeper"])
            .args(arguments)
            // Away from the signals that a terminal sends to this process.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start a shell")?;
        let answers = Lines::of(shell.stdout.take().context("the keeper has no output")?);
        Ok(Self { shell, answers })
    }

    /// Sends a line, and returns when it is answered by `done`; any other answer is the error.
    pub(crate) fn ask(&mut self, line: &str) -> anyhow::Result<()> {
        writeln!(self.shell.stdin.as_mut().context("the keeper has no input")?, "{line}")?;
        match self.answers.line().as_deref() {
            Some("done\n") => Ok(()),
            answer => bail!("{line}: {}", answer.unwrap_or("the keeper ended").trim_end()),
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // `wait` closes the pipe first.
        if let Err(error) = self.shell.wait() {
            eprintln!("a keeper goes on: {error}");
        }
    }
}
