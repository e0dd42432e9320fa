//! A server under load: a separate process with a new database and a key.

use crate::{api::Api, postgres_log, system::System};
use anyhow::{Context, bail, ensure};
use gochat_test_support::{
    Backend, Cluster, PlainSql, free_port,
    http::{Reply, Request},
};
use procfs::process::Process;
use std::{
    env,
    fs::{self, File},
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use uuid::Uuid;

/// Longest time for a server to start.
pub const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A database with its folder and API key.
pub struct Deployment {
    system: System,
    url: String,
    key: String,
    folder: TempDir,
}

impl Deployment {
    /// Creates a database with its schema and a key.
    pub fn new(system: System, cluster: &Cluster) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("gochat-bench-").tempdir()?;
        let url = match system.backend() {
            Backend::Sqlite => format!("sqlite://{}", folder.path().join("gochat.sqlite").display()),
            Backend::Postgres => {
                let name = format!("bench_{}", Uuid::now_v7().simple());
                let mut sql = PlainSql::connect(&cluster.url("postgres"))?;
                sql.execute(&format!("CREATE DATABASE {name}"))?;
                postgres_log::provide(&mut sql)?;
                cluster.url(&name)
            }
        };
        let mut deployment = Self { system, url, key: String::new(), folder };
        let mut command = deployment.prepared(Command::new(program()?));
        command.args(["keys", "create", "--name", "benchmark"]);
        for scope in ["groups:write", "groups:read", "members:join"] {
            command.args(["--scope", scope]);
        }
        let output = command.output()?;
        ensure!(output.status.success(), "no key: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout)?.trim().clone_into(&mut deployment.key);
        Ok(deployment)
    }

    /// The URL of the database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder of the log, and of a SQLite database.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a server on the database, and waits until it listens.
    pub fn start(&self) -> anyhow::Result<Server<'_>> {
        self.start_with(&[])
    }

    /// Starts a server with settings in the environment.
    pub fn start_with(&self, settings: &[(&str, &str)]) -> anyhow::Result<Server<'_>> {
        let command = if self.system.is_product() {
            Command::new(program()?)
        } else {
            self.serve_by(Command::new(env::current_exe()?))
        };
        self.launch(command, settings, START_TIMEOUT)
    }

    /// Starts a server under `wrapper`, a command that runs another program, such as Valgrind. That program is
    /// `gochat-bench serve` for every system, including the product.
    pub fn start_under(
        &self,
        mut wrapper: Command,
        settings: &[(&str, &str)],
        timeout: Duration,
    ) -> anyhow::Result<Server<'_>> {
        wrapper.arg(env::current_exe()?);
        self.launch(self.serve_by(wrapper), settings, timeout)
    }

    fn serve_by(&self, mut command: Command) -> Command {
        command.arg("serve").arg(self.system.to_string());
        command
    }

    fn launch(
        &self,
        command: Command,
        settings: &[(&str, &str)],
        timeout: Duration,
    ) -> anyhow::Result<Server<'_>> {
        let port = free_port()?;
        let mut command = self.prepared(command);
        command
            .env("GOCHAT__HTTP__BIND", format!("127.0.0.1:{port}"))
            .env("GOCHAT__ADMIN__BIND", "127.0.0.1:0")
            .envs(settings.iter().copied());
        Server::start(command, port, self.folder.path(), Api::Gochat, &self.key, timeout)
    }

    /// Adds the environment of the deployment, and removes other settings.
    fn prepared(&self, mut command: Command) -> Command {
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GOCHAT_")) {
            command.env_remove(name);
        }
        command.env("GOCHAT_PROFILE", "production").env("GOCHAT__DATABASE__URL", &self.url);
        command.current_dir(self.folder.path());
        command
    }
}

/// A running server, killed on drop.
pub struct Server<'a> {
    child: Child,
    port: u16,
    api: Api,
    key: &'a str,
}

/// The resources that a process has used.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Processor time since the start.
    pub cpu: Duration,
    /// Resident memory now, in bytes.
    pub resident: u64,
    /// Peak of resident memory, in bytes.
    pub peak: u64,
}

impl<'a> Server<'a> {
    /// Starts a server by a command that makes it listen on `port`, and waits until it does. Its log goes to `folder`.
    pub fn start(
        mut command: Command,
        port: u16,
        folder: &Path,
        api: Api,
        key: &'a str,
        timeout: Duration,
    ) -> anyhow::Result<Self> {
        let log = folder.join("log");
        let file = File::options().create(true).append(true).open(&log)?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn()?;
        let mut server = Self { child, port, api, key };
        let started_at = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let ended = server.child.try_wait()?.is_some();
            if ended || started_at.elapsed() > timeout {
                bail!("a server does not start; its log says: {}", fs::read_to_string(log)?);
            }
            thread::yield_now();
        }
        Ok(server)
    }

    /// The URL for requests.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// The API.
    pub fn api(&self) -> Api {
        self.api
    }

    /// The port for requests.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The id of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The address of the API.
    pub fn address(&self) -> (Ipv4Addr, u16) {
        (Ipv4Addr::LOCALHOST, self.port)
    }

    /// The API key.
    pub fn key(&self) -> &str {
        self.key
    }

    /// Creates one group.
    pub fn create(&self, name: &str) -> anyhow::Result<Reply> {
        let body = format!(r#"{{"name":"{name}","token":"t","admin_id":1}}"#);
        let request = Request::create(body).without("GoChat-Token").header("GoChat-Token", self.key);
        let reply = request.send(self.port);
        ensure!(reply.status == 201, "no group: {} {}", reply.status, reply.body);
        Ok(reply)
    }

    /// The resources that it has used so far.
    pub fn usage(&self) -> anyhow::Result<Usage> {
        let process = Process::new(i32::try_from(self.child.id())?)?;
        let (stat, status) = (process.stat()?, process.status()?);
        let seconds = (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64;
        let bytes = |kibibytes: Option<u64>| kibibytes.context("no figure of memory").map(|size| size * 1024);
        let (resident, peak) = (bytes(status.vmrss)?, bytes(status.vmhwm)?);
        Ok(Usage { cpu: Duration::from_secs_f64(seconds), resident, peak })
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("a server cannot be killed: {error}");
        }
    }
}

/// The path of the product's binary, beside this program.
fn program() -> anyhow::Result<PathBuf> {
    let program = env::current_exe()?.with_file_name("gochat");
    ensure!(program.is_file(), "{} is missing: cargo build --release --package gochat", program.display());
    Ok(program)
}
