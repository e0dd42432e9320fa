//! The binary `gochat` as a process.

use crate::{cleanup, client, wait::wait_for};
use anyhow::{Context, bail};
use gochat_test_support::free_port;
use procfs::process::Process;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    mem,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How many ports are tried, as another process may take a free one first.
const ATTEMPTS: u32 = 5;

/// How a server is started.
#[derive(Debug, Clone)]
pub struct Launch {
    pub program: PathBuf,
    /// The folder in which it runs, and where its logs are.
    pub folder: PathBuf,
    /// A program that becomes the server, with its arguments.
    pub starter: Vec<String>,
    pub variables: Vec<(String, String)>,
    /// Where standard error goes, if not to a file.
    pub log_to: Option<PathBuf>,
}

impl Launch {
    /// By a program that becomes the server; of several, the one that was given last goes first.
    #[must_use]
    pub fn by(mut self, starter: &[&str]) -> Self {
        self.starter.splice(0..0, starter.iter().map(|part| (*part).to_owned()));
        self
    }

    /// A command of the binary, with no settings but these.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let program = self.program.display().to_string();
        let line: Vec<&str> = self
            .starter
            .iter()
            .map(String::as_str)
            .chain([&*program])
            .chain(arguments.iter().copied())
            .collect();
        let mut command = Command::new(line[0]);
        command.args(&line[1..]).current_dir(&self.folder);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GOCHAT"))
        {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the server on ports of its own, and returns when it listens.
    pub fn start(&self) -> anyhow::Result<Server> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let server = self.spawn([free_port()?, free_port()?])?;
            match server.listens() {
                Ok(server) => return Ok(server),
                Err(error) if format!("{error:#}").contains("Address already in use") => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.context("no port is free")?)
    }

    /// Starts the server on these ports: of the API and of the admin listener. It may end at once.
    pub fn spawn(&self, ports: [u16; 2]) -> anyhow::Result<Server> {
        static STARTS: AtomicU64 = AtomicU64::new(0);
        let log = match &self.log_to {
            Some(log) => log.clone(),
            None => self.folder.join(format!("log-{}", STARTS.fetch_add(1, Ordering::Relaxed))),
        };
        let child = self
            .command(&[])
            .env("GOCHAT__HTTP__BIND", format!("127.0.0.1:{}", ports[0]))
            .env("GOCHAT__ADMIN__BIND", format!("127.0.0.1:{}", ports[1]))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::options().create(true).append(true).open(&log)?)
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        cleanup::watch(child.id());
        Ok(Server { child, port: ports[0], admin_port: ports[1], log, is_over: false })
    }
}

/// A server that runs, until this is dropped.
pub struct Server {
    child: Child,
    pub port: u16,
    pub admin_port: u16,
    log: PathBuf,
    is_over: bool,
}

impl Server {
    /// Returns when it listens; an error has the end of its log.
    pub fn listens(mut self) -> anyhow::Result<Self> {
        let live = client::request("GET", "/livez", &[], b"");
        wait_for("a server listens", || {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended ({status}): {}", self.last_lines());
            }
            // A server whose log cannot be read says by its admin listener that it is there.
            let mut client = client::Client::of(self.admin_port);
            Ok(client.send(&live).is_ok_and(|reply| reply.status == 200).then_some(()))
        })
        .with_context(|| self.last_lines())?;
        Ok(self)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).with_context(|| format!("no signal to process {pid:?}"))
    }

    /// Waits until it ended.
    pub fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        let status = wait_for("the end of a server", || Ok(self.child.try_wait()?))?;
        self.has_ended();
        Ok(status)
    }

    fn has_ended(&mut self) {
        if !mem::replace(&mut self.is_over, true) {
            cleanup::forget(self.child.id());
        }
    }

    /// Kills it (`SIGKILL`), and returns when it ended.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.wait().map(drop)
    }

    /// Tells it to stop (`SIGTERM`), and returns its exit code.
    pub fn terminate(&mut self) -> anyhow::Result<Option<i32>> {
        self.signal(Signal::TERM)?;
        Ok(self.wait()?.code())
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> anyhow::Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// The id of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The process, as `/proc` shows it.
    fn process(&self) -> anyhow::Result<Process> {
        Ok(Process::new(i32::try_from(self.child.id())?)?)
    }

    /// Its resident memory, in MiB.
    pub fn resident(&self) -> anyhow::Result<u64> {
        Ok(self.process()?.status()?.vmrss.context("no figure of memory")? / 1024)
    }

    /// The end of its log.
    pub fn last_lines(&self) -> String {
        let log = readable(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("a server goes on: {error}");
        }
        self.has_ended();
    }
}

/// The log, if it is a file: a pipe or a device is not read.
fn readable(log: &Path) -> Option<String> {
    fs::metadata(log)
        .is_ok_and(|log| log.is_file())
        .then(|| fs::read(log).ok())?
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// The panics in the logs of a folder: where, and how often.
pub fn panics(folder: &Path) -> anyhow::Result<BTreeMap<String, usize>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_log = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log-"));
        let log = if is_log { readable(&path).unwrap_or_default() } else { String::new() };
        for (_, panic) in log.lines().filter_map(|line| line.split_once("panicked at ")) {
            let place = panic.split(": ").next().unwrap_or_default();
            // In the crate, wherever that is.
            let place = place
                .rsplitn(4, '/')
                .take(3)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect::<Vec<_>>()
                .join("/");
            *found.entry(place).or_default() += 1;
        }
    }
    Ok(found)
}

/// A pause that is part of a fault.
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}
