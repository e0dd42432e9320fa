//! Programs that run in front of a server: HAProxy, nginx and PgBouncer.

use crate::{deadline::eventually, port, server_folder::ServerFolder, supervisor::Supervisor};
use anyhow::{Context, bail};
use std::{
    env, fs,
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
};

/// A program and its Debian package.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) package: &'static str,
}

impl Program {
    /// Finds the path of the program, which Debian installs outside the `PATH` of most users. The error names the
    /// package to install.
    pub(crate) fn find(&self) -> anyhow::Result<PathBuf> {
        let on_path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&on_path)
            .chain([PathBuf::from("/usr/sbin")])
            .map(|folder| folder.join(self.name))
            .find(|program| program.is_file())
            .with_context(|| {
                format!("{} is not installed (Debian: apt-get install {})", self.name, self.package)
            })
    }
}

/// A proxy that listens on a port of this machine. It stops when this value is dropped, and also when this process is
/// killed.
pub(crate) struct Proxy {
    _supervisor: Supervisor,
    pub(crate) port: u16,
    // Removed after the proxy ended.
    _folder: ServerFolder,
}

/// The first argument is the folder; the others are the command.
const SCRIPT: &str = r#"
folder=$1
shift
"$@" </dev/null >"$folder/output" 2>&1 &
proxy=$!
# Succeeds if the proxy has ended, even if the shell has not reaped it yet: it is then gone, or in state X or Z of proc(5).
ended() { ! grep -q "^State:[[:space:]]*[^[:space:]XZ]" "/proc/$proxy/status"; }
end() {
    kill "$proxy"
    wait
    rm -rf "$folder"
}
"#;

/// Number of ports to try, as another process may take a free one first.
const ATTEMPTS: u32 = 5;

impl Proxy {
    /// Starts a program in a new folder, and returns when it listens. `prepare` gets the folder and a port, writes the
    /// program's settings, and returns its arguments.
    pub(crate) fn start<const N: usize>(
        program: &Program,
        prepare: impl Fn(&str, u16) -> anyhow::Result<[String; N]>,
    ) -> anyhow::Result<Self> {
        let binary = program.find()?.display().to_string();
        let mut output = String::new();
        for _ in 0..ATTEMPTS {
            let folder = ServerFolder::new(&format!("gochat-{}-", program.name))?;
            let port = port::free()?;
            let path = folder.path().to_str().context("the folder of temporary files is not UTF-8")?;
            let arguments = prepare(path, port)?;
            let mut command = vec![path, &binary];
            command.extend(arguments.iter().map(String::as_str));
            let supervisor = Supervisor::start(folder.command("sh"), SCRIPT, &command)?;
            let listens = eventually("a proxy listens, or ends", || {
                // The proxy ends if another process has taken the port.
                let has_ended = supervisor.ask("ended").is_ok();
                let listens = !has_ended && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
                (listens || has_ended).then_some(listens)
            });
            if listens {
                return Ok(Self { _supervisor: supervisor, port, _folder: folder });
            }
            output = fs::read_to_string(folder.path().join("output")).unwrap_or_default();
        }
        bail!("{} does not start: {output}", program.name)
    }
}
