//! The binary `gochat` as a process.

use crate::{
    client,
    process::{self, Process},
    wait::wait_for,
};
use anyhow::{Context, bail};
use gochat_test_support::free_port;
use rustix::process::Signal;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
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
        let mut command = self.command(&[]);
        command
            .env("GOCHAT__HTTP__BIND", format!("127.0.0.1:{}", ports[0]))
            .env("GOCHAT__ADMIN__BIND", format!("127.0.0.1:{}", ports[1]))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::options().create(true).append(true).open(&log)?);
        let process = Process::spawn(&mut command)?;
        Ok(Server { process, port: ports[0], admin_port: ports[1], log })
    }
}

/// A server that runs, until this is dropped.
pub struct Server {
    process: Process,
    pub port: u16,
    pub admin_port: u16,
    log: PathBuf,
}

impl Server {
    /// Returns when it listens; an error has the end of its log.
    pub fn listens(mut self) -> anyhow::Result<Self> {
        let live = client::request("GET", "/livez", &[], b"");
        wait_for("a server listens", || {
            if let Some(status) = self.process.status()? {
                bail!("the server ended ({status}): {}", self.last_lines());
            }
            // A server whose log cannot be read says by its admin listener that it is there.
            let mut client = client::Client::of(self.admin_port);
            Ok(client.send(&live).is_ok_and(|reply| reply.status == 200).then_some(()))
        })
        .with_context(|| self.last_lines())?;
        Ok(self)
    }

    /// Kills it (`SIGKILL`), and returns when it ended.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill().map(drop)
    }

    /// Tells it to stop (`SIGTERM`), and returns its exit code.
    pub fn terminate(&mut self) -> anyhow::Result<Option<i32>> {
        self.process.signal(Signal::TERM)?;
        Ok(self.process.wait()?.code())
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> anyhow::Result<bool> {
        Ok(self.process.status()?.is_none())
    }

    /// The id of the process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The figures of the process in `/proc`.
    fn figures(&self) -> anyhow::Result<procfs::process::Status> {
        Ok(procfs::process::Process::new(i32::try_from(self.pid())?)?.status()?)
    }

    /// Its address space, in MiB.
    pub fn address_space(&self) -> anyhow::Result<u64> {
        Ok(self.figures()?.vmsize.context("no figure of memory")? / 1024)
    }

    /// Sets a limit of it while it runs, as `prlimit` names and writes it.
    pub fn limit(&self, name: &str, value: &str) -> anyhow::Result<()> {
        let (pid, limit) = (self.pid().to_string(), format!("--{name}={value}:"));
        process::run(Command::new("prlimit").args(["--pid", &pid, &limit])).map(drop)
    }

    /// Begins to watch its resident memory, of which [`Server::growth`] tells.
    pub fn watch_memory(&self) -> anyhow::Result<Memory> {
        let before = self.figures()?.vmrss.context("no figure of memory")? / 1024;
        // Where the kernel does not allow it, the peak is that since the start, which is no less.
        let _kept = fs::write(format!("/proc/{}/clear_refs", self.pid()), "5");
        Ok(Memory { before })
    }

    /// Growth of its resident memory since [`Server::watch_memory`] up to its peak, in MiB.
    pub fn growth(&self, memory: Memory) -> anyhow::Result<u64> {
        let peak = self.figures()?.vmhwm.context("no figure of memory")? / 1024;
        Ok(peak.saturating_sub(memory.before))
    }

    /// The end of its log.
    pub fn last_lines(&self) -> String {
        let log = readable(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }
}

/// The resident memory of a server at some moment, in MiB.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    before: u64,
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
