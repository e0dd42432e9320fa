//! Processes that are killed on drop, and also when this program is killed.

use crate::{cleanup, wait::wait_for};
use anyhow::{Context, ensure};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::File,
    io::{Read, Seek},
    mem,
    process::{Child, Command, ExitStatus, Output, Stdio},
};

/// A process, killed on drop.
pub struct Process {
    child: Child,
    is_over: bool,
}

impl Process {
    /// Starts a command.
    pub fn spawn(command: &mut Command) -> anyhow::Result<Self> {
        let spawned = command.spawn();
        let child = spawned.with_context(|| format!("cannot start {}", command.get_program().display()))?;
        cleanup::register(child.id());
        Ok(Self { child, is_over: false })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The exit status, if it has ended.
    pub fn status(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        if status.is_some() && !mem::replace(&mut self.is_over, true) {
            cleanup::unregister(self.child.id());
        }
        Ok(status)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).with_context(|| format!("cannot send a signal to process {pid:?}"))
    }

    /// Waits until it has ended.
    pub fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        wait_for("the end of a process", || self.status())
    }

    /// Kills it (`SIGKILL`), and waits until it has ended.
    pub fn kill(&mut self) -> anyhow::Result<ExitStatus> {
        self.child.kill()?;
        self.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            eprintln!("process {} cannot be killed: {error:#}", self.id());
        }
    }
}

/// Runs a command without input, and returns its output. An error contains the command's standard error, or says that
/// the command did not end.
pub fn run(command: &mut Command) -> anyhow::Result<Output> {
    let [mut out, mut err] = [tempfile::tempfile()?, tempfile::tempfile()?];
    command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(err.try_clone()?);
    let status = Process::spawn(command)?.wait()?;
    let (stdout, stderr) = (read_from_start(&mut out)?, read_from_start(&mut err)?);
    let program = command.get_program().display();
    ensure!(status.success(), "{program} failed ({status}): {}", String::from_utf8_lossy(&stderr));
    Ok(Output { status, stdout, stderr })
}

fn read_from_start(file: &mut File) -> anyhow::Result<Vec<u8>> {
    file.rewind()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_returns_its_output_or_its_standard_error() {
        let shell = |script| run(Command::new("sh").args(["-c", script]));
        assert_eq!(shell("echo out; echo err >&2").unwrap().stdout, b"out\n");
        let error = shell("echo err >&2; exit 3").unwrap_err().to_string();
        assert_eq!(error, "sh failed (exit status: 3): err\n");
    }

    #[test]
    fn a_process_is_killed_on_drop() {
        let process = Process::spawn(Command::new("sleep").arg("600")).unwrap();
        let pid = Pid::from_child(&process.child);
        drop(process);
        kill_process(pid, Signal::CONT).unwrap_err();
    }
}
