//! The builder of a cluster.

use super::Cluster;
use crate::{
    Namespace, installation, port,
    server_folder::{ServerFolder, run},
    supervisor::Supervisor,
};
use anyhow::{Context, bail};
use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

/// The options of a cluster.
///
/// # Example
/// ```no_run
/// use gochat_test_support::Cluster;
///
/// let german = Cluster::with(Cluster::FAST).set("lc_messages", "de_DE.UTF-8").start()?;
/// let latin1 = Cluster::with(Cluster::FAST).initdb(&["--encoding", "LATIN1"]).start()?;
/// # anyhow::Ok(())
/// ```
pub struct ClusterBuilder<'a> {
    initdb: Vec<String>,
    settings: Vec<(String, String)>,
    has_certificate: bool,
    machine: Option<&'a Namespace>,
}

const SCRIPT: &str = include_str!("supervisor.sh");

/// Number of ports to try, as another process may take a free one first.
const ATTEMPTS: u32 = 5;

impl<'a> ClusterBuilder<'a> {
    pub(super) fn new(settings: &[(&str, &str)]) -> Self {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self { initdb: Vec::new(), settings: settings.collect(), has_certificate: false, machine: None }
    }

    /// Adds a setting, which overrides earlier ones of the same name.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds arguments for `initdb`, which override the defaults: `--encoding UTF8 --locale C`.
    #[must_use]
    pub fn initdb(mut self, arguments: &[&str]) -> Self {
        self.initdb.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    /// Enables TLS with a self-signed certificate.
    #[must_use]
    pub fn with_certificate(self) -> Self {
        Self { has_certificate: true, ..self }
    }

    /// Runs the server in `machine`, a network namespace that acts as another machine. It listens only on the address
    /// of that namespace.
    #[must_use]
    pub fn within(self, machine: &'a Namespace) -> Self {
        Self { machine: Some(machine), ..self }
    }

    /// Creates the cluster, and returns when it accepts connections.
    pub fn start(self) -> anyhow::Result<Cluster> {
        let binaries = installation::newest()?;
        let folder = ServerFolder::new("gochat-postgres-")?;
        self.create(&binaries, &folder).context("cannot create a PostgreSQL cluster")?;
        Cluster::run(binaries, folder, self.machine)
    }

    fn create(&self, binaries: &Path, folder: &ServerFolder) -> anyhow::Result<()> {
        let password = folder.path().join("password");
        fs::write(&password, Cluster::PASSWORD)?;
        run(folder
            .command(binaries.join("initdb"))
            .args(["--username", Cluster::USER, "--auth", "scram-sha-256", "--encoding", "UTF8"])
            .args(["--locale", "C", "--no-sync", "--no-instructions"])
            .arg("--pwfile")
            .arg(password)
            .arg("--pgdata")
            .arg(data(folder))
            .args(&self.initdb))?;
        if self.has_certificate {
            run(folder
                .command("openssl")
                .args(["req", "-new", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
                .arg("-keyout")
                .arg(data(folder).join("server.key"))
                .arg("-out")
                .arg(data(folder).join("server.crt")))?;
        }
        let defaults = [
            ("ssl", if self.has_certificate { "on" } else { "off" }),
            ("max_connections", "300"),
            // Shared memory is in files, which are removed with the folder even if the server is killed.
            ("dynamic_shared_memory_type", "mmap"),
        ];
        let given = self.settings.iter().map(|(name, value)| (&**name, &**value));
        configure(folder, defaults.into_iter().chain(given))?;
        // Lets this process connect to a server in a network namespace.
        let rules = "host all all samenet scram-sha-256\nhost replication all samenet scram-sha-256\n";
        append(folder, "pg_hba.conf", rules)
    }
}

impl Cluster {
    /// Runs the cluster in the folder on a free port.
    pub(super) fn run(
        binaries: PathBuf,
        folder: ServerFolder,
        machine: Option<&Namespace>,
    ) -> anyhow::Result<Self> {
        let sockets = folder.path().display().to_string();
        let host = machine.map_or(Ipv4Addr::LOCALHOST, Namespace::address);
        configure(
            &folder,
            [("unix_socket_directories", &*sockets), ("listen_addresses", &*host.to_string())],
        )?;
        let pg_ctl = binaries.join("pg_ctl").display().to_string();
        let shell = folder.command("sh");
        let shell = machine.map_or(shell, |machine| machine.enter(&folder.command("sh")));
        let supervisor = Supervisor::start(shell, SCRIPT, &[&pg_ctl, &sockets])?;
        for _ in 0..ATTEMPTS {
            let port = port::free()?;
            configure(&folder, [("port", &*port.to_string())])?;
            if supervisor.ask("start").is_ok() {
                return Ok(Self { supervisor, host, port, binaries, folder });
            }
        }
        bail!("PostgreSQL in {} does not start; its log says:\n{}", binaries.display(), log(&folder))
    }
}

/// Appends to `postgresql.conf`, in which the last line of a name wins.
fn configure<'a>(
    folder: &ServerFolder,
    settings: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> anyhow::Result<()> {
    let mut lines = String::new();
    for (name, value) in settings {
        writeln!(lines, "{name} = '{}'", value.replace('\'', "''"))?;
    }
    append(folder, "postgresql.conf", &lines)
}

fn append(folder: &ServerFolder, file: &str, lines: &str) -> anyhow::Result<()> {
    let mut file = fs::File::options().append(true).open(data(folder).join(file))?;
    Ok(file.write_all(lines.as_bytes())?)
}

pub(super) fn data(folder: &ServerFolder) -> PathBuf {
    folder.path().join("data")
}

pub(super) fn log(folder: &ServerFolder) -> String {
    let log = fs::read(folder.path().join("log")).unwrap_or_default();
    String::from_utf8_lossy(&log).into_owned()
}
