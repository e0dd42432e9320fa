//! A throwaway PostgreSQL cluster.

use crate::installation;
use anyhow::{Context, bail};
use std::{
    fmt::Write,
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpListener},
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::Path,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// A PostgreSQL cluster of its own folder, that ends with this value, and also when this process is killed.
///
/// It listens on 127.0.0.1 and on a socket in its folder, and asks everybody for a password.
pub struct Cluster {
    keeper: Child,
    port: u16,
    // Removed after the server ended.
    _folder: TempDir,
}

/// Starts the server, waits until this process lets go of the pipe, and leaves nothing behind. The end of a process
/// closes its pipes, whatever ended it.
const KEEPER: &str = r#"
pg_ctl=$1 folder=$2 port=$3
"$pg_ctl" -s -w -D "$folder/data" -l "$folder/log" -o "-p $port" start 2>&1 || exit 1
echo started
read -r _
"$pg_ctl" -s -w -D "$folder/data" -m immediate stop
rm -rf "$folder"
"#;

/// How many ports are tried, as another process may take a free one first.
const ATTEMPTS: u32 = 5;

impl Cluster {
    /// The superuser.
    pub const USER: &str = "gochat";

    /// The superuser's password.
    pub const PASSWORD: &str = "throwaway";

    /// Settings for tests: what a crash of the machine would destroy is thrown away anyhow.
    pub const FAST: &[(&str, &str)] = &[("fsync", "off"), ("full_page_writes", "off"), ("autovacuum", "off")];

    /// Makes a cluster with `settings` (as in `postgresql.conf`), and returns when it accepts connections.
    ///
    /// As root it runs as the user `postgres`, as PostgreSQL refuses to run as root.
    pub fn start(settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let binaries = installation::newest()?;
        let folder = tempfile::Builder::new().prefix("gochat-postgres-").tempdir()?;
        let command = Unprivileged::owner_of(folder.path())?;
        create(&command, &binaries, folder.path(), settings).context("cannot make a PostgreSQL cluster")?;
        for _ in 0..ATTEMPTS {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
            let mut keeper = keep(&command, &binaries, folder.path(), port)?;
            let mut answer = String::new();
            BufReader::new(keeper.stdout.as_mut().context("the keeper has no output")?)
                .read_line(&mut answer)?;
            if answer == "started\n" {
                return Ok(Self { keeper, port, _folder: folder });
            }
            keeper.wait()?;
        }
        let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        bail!("PostgreSQL in {} does not start; its log says:\n{log}", binaries.display())
    }

    /// The URL of a database of the cluster, password included; `postgres` is there from the start.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{}:{}@127.0.0.1:{}/{database}", Self::USER, Self::PASSWORD, self.port)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Lets go of the keeper's pipe first.
        if let Err(error) = self.keeper.wait() {
            eprintln!("cannot wait for PostgreSQL to stop: {error}");
        }
    }
}

/// How to start a program as a user who may run PostgreSQL.
enum Unprivileged {
    Myself,
    PostgresInsteadOfRoot,
}

impl Unprivileged {
    fn owner_of(folder: &Path) -> anyhow::Result<Self> {
        let root = fs::metadata(folder)?.uid() == 0;
        Ok(if root { Self::PostgresInsteadOfRoot } else { Self::Myself })
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        match self {
            Self::Myself => Command::new(program.as_ref()),
            Self::PostgresInsteadOfRoot => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]);
                command.arg(program.as_ref());
                command
            }
        }
    }
}

fn create(
    command: &Unprivileged,
    binaries: &Path,
    folder: &Path,
    settings: &[(&str, &str)],
) -> anyhow::Result<()> {
    let (data, password) = (folder.join("data"), folder.join("password"));
    fs::write(&password, Cluster::PASSWORD)?;
    if matches!(command, Unprivileged::PostgresInsteadOfRoot) {
        run(Command::new("chown").args(["-R", "postgres:postgres"]).arg(folder))?;
    }
    run(command
        .command(binaries.join("initdb"))
        .args(["--username", Cluster::USER, "--auth", "scram-sha-256", "--encoding", "UTF8"])
        .args(["--locale", "C", "--no-sync", "--no-instructions"])
        .arg("--pwfile")
        .arg(password)
        .arg("--pgdata")
        .arg(&data)
        .current_dir(folder))?;
    let sockets = folder.display().to_string();
    let own = [
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", sockets.as_str()),
        ("max_connections", "300"),
    ];
    let mut lines = fs::read_to_string(data.join("postgresql.conf"))?;
    for (name, value) in own.iter().chain(settings) {
        writeln!(lines, "{name} = '{}'", value.replace('\'', "''"))?;
    }
    fs::write(data.join("postgresql.conf"), lines)?;
    Ok(())
}

/// Starts the keeper, away from the signals that a terminal sends to this process.
fn keep(command: &Unprivileged, binaries: &Path, folder: &Path, port: u16) -> anyhow::Result<Child> {
    command
        .command("sh")
        .args(["-c", KEEPER, "keeper"])
        .arg(binaries.join("pg_ctl"))
        .arg(folder)
        .arg(port.to_string())
        .current_dir(folder)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start a shell")
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_owned();
    let output = command.output().with_context(|| format!("cannot run {}", program.display()))?;
    if !output.status.success() {
        bail!("{} failed: {}", program.display(), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
