//! A server process of the binary `gochat`.

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

/// Number of port pairs that are tried, because another process may take a free port first.
const ATTEMPTS: u32 = 5;

/// The parameters for starting a server.
#[derive(Debug, Clone)]
pub struct Launch {
    pub program: PathBuf,
    /// Working directory, which also contains the logs.
    pub folder: PathBuf,
    /// A program with arguments that executes the server, such as `prlimit`.
    pub wrapper: Vec<String>,
    pub variables: Vec<(String, String)>,
    /// Destination of standard error; by default a log file in the folder.
    pub log_to: Option<PathBuf>,
}

impl Launch {
    /// Adds a program that executes the server. The last one added is the outermost.
    #[must_use]
    pub fn wrapped_by(mut self, wrapper: &[&str]) -> Self {
        self.wrapper.splice(0..0, wrapper.iter().map(|part| (*part).to_owned()));
        self
    }

    /// A command of the binary. Its only `GOCHAT` variables are those in `variables`.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let program = self.program.display().to_string();
        let line: Vec<&str> = self
            .wrapper
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

    /// Starts the server on free ports, and waits until it is live.
    pub fn start(&self) -> anyhow::Result<Server> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let server = self.spawn([free_port()?, free_port()?])?;
            match server.wait_until_live() {
                Ok(server) => return Ok(server),
                Err(error) if format!("{error:#}").contains("Address already in use") => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.context("no port is free")?)
    }

    /// Starts the server on the given ports of the API and of the admin listener, without waiting. It may end at once.
    pub fn spawn(&self, ports: [u16; 2]) -> anyhow::Result<Server> {
        static LAUNCHES: AtomicU64 = AtomicU64::new(0);
        let log = match &self.log_to {
            Some(log) => log.clone(),
            None => self.folder.join(format!("log-{}", LAUNCHES.fetch_add(1, Ordering::Relaxed))),
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

/// A running server, killed on drop.
pub struct Server {
    process: Process,
    pub port: u16,
    pub admin_port: u16,
    log: PathBuf,
}

impl Server {
    /// Waits until `/livez` answers. An error includes the end of the log.
    pub fn wait_until_live(mut self) -> anyhow::Result<Self> {
        let live = client::request("GET", "/livez", &[], b"");
        wait_for("a server to listen", || {
            if let Some(status) = self.process.status()? {
                bail!("the server ended ({status}): {}", self.log_tail());
            }
            // The log may be a pipe or a device, so this asks the admin listener and does not search the log.
            let mut client = client::Client::new(self.admin_port);
            Ok(client.send(&live).is_ok_and(|reply| reply.status == 200).then_some(()))
        })
        .with_context(|| self.log_tail())?;
        Ok(self)
    }

    /// Kills it (`SIGKILL`), and waits until it has ended.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill().map(drop)
    }

    /// Stops it (`SIGTERM`), waits until it has ended, and returns its exit code.
    pub fn terminate(&mut self) -> anyhow::Result<Option<i32>> {
        self.process.signal(Signal::TERM)?;
        Ok(self.process.wait()?.code())
    }

    /// Returns whether the process is still running.
    pub fn is_alive(&mut self) -> anyhow::Result<bool> {
        Ok(self.process.status()?.is_none())
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The status of the process in `/proc`.
    fn proc_status(&self) -> anyhow::Result<procfs::process::Status> {
        Ok(procfs::process::Process::new(i32::try_from(self.pid())?)?.status()?)
    }

    /// Its address space, in MiB.
    pub fn address_space(&self) -> anyhow::Result<u64> {
        Ok(self.proc_status()?.vmsize.context("the kernel reports no memory size")? / 1024)
    }

    /// Changes a soft limit of the running process, in the syntax of `prlimit`.
    pub fn limit(&self, name: &str, value: &str) -> anyhow::Result<()> {
        let (pid, limit) = (self.pid().to_string(), format!("--{name}={value}:"));
        process::run(Command::new("prlimit").args(["--pid", &pid, &limit])).map(drop)
    }

    /// Starts to measure its resident memory, for [`Server::memory_growth`].
    pub fn start_memory_measurement(&self) -> anyhow::Result<MemoryBaseline> {
        let before = self.proc_status()?.vmrss.context("the kernel reports no memory size")? / 1024;
        // Resets the peak. If the kernel does not allow that, the peak since the start of the process counts, which is not smaller.
        let _kept = fs::write(format!("/proc/{}/clear_refs", self.pid()), "5");
        Ok(MemoryBaseline { before })
    }

    /// Growth of its resident memory from [`Server::start_memory_measurement`] to the peak, in MiB.
    pub fn memory_growth(&self, baseline: MemoryBaseline) -> anyhow::Result<u64> {
        let peak = self.proc_status()?.vmhwm.context("the kernel reports no memory size")? / 1024;
        Ok(peak.saturating_sub(baseline.before))
    }

    /// The last lines of its log.
    pub fn log_tail(&self) -> String {
        let log = read_log(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }
}

/// The resident memory of a server at the start of a measurement, in MiB.
#[derive(Debug, Clone, Copy)]
pub struct MemoryBaseline {
    before: u64,
}

/// The content of a log, if it is a file; a pipe or a device is not read.
fn read_log(log: &Path) -> Option<String> {
    fs::metadata(log)
        .is_ok_and(|log| log.is_file())
        .then(|| fs::read(log).ok())?
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Number of panics in the logs of a folder, by source location.
pub fn panics(folder: &Path) -> anyhow::Result<BTreeMap<String, usize>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_log = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log-"));
        let log = if is_log { read_log(&path).unwrap_or_default() } else { String::new() };
        for (_, panic) in log.lines().filter_map(|line| line.split_once("panicked at ")) {
            let place = panic.split(": ").next().unwrap_or_default();
            // The path within its crate, wherever that is checked out.
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
