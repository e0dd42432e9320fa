//! Programs that stand before a server: HAProxy, nginx and PgBouncer.

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
    /// Its place; Debian puts it away from the `PATH` of most users. An error says that it is not installed.
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

/// A proxy that listens on a port of this machine. It ends with this value, and also when this process is killed.
pub(crate) struct Proxy {
    _supervisor: Supervisor,
    pub(crate) port: u16,
    // Removed after the proxy ended.
    _folder: ServerFolder,
}

/// The rest of its arguments is the command.
const SCRIPT: &str = r#"
folder=$1
shift
"$@" </dev/null >"$folder/output" 2>&1 &
proxy=$!
# The shell may not have reaped it.
ended() { ! grep -q "^State:[[:space:]]*[^[:space:]XZ]" "/proc/$proxy/status"; }
end() {
    kill "$proxy"
    wait
    rm -rf "$folder"
}
"#;

/// How many ports are tried, as another process may take a free one first.
const ATTEMPTS: u32 = 5;

impl Proxy {
    /// Starts a program in a folder, and returns when it listens. `prepare` writes its settings into the folder, for a port, and
    /// returns its arguments.
    pub(crate) fn start<const N: usize>(
        program: &Program,
        prepare: impl Fn(&str, u16) -> anyhow::Result<[String; N]>,
    ) -> anyhow::Result<Self> {
        let binary = program.find()?.display().to_string();
        let mut said = String::new();
        for _ in 0..ATTEMPTS {
            let folder = ServerFolder::new(&format!("gochat-{}-", program.name))?;
            let port = port::free()?;
            let path = folder.path().to_str().context("the folder of temporary files is not UTF-8")?;
            let arguments = prepare(path, port)?;
            let mut command = vec![path, &binary];
            command.extend(arguments.iter().map(String::as_str));
            let supervisor = Supervisor::start(folder.command("sh"), SCRIPT, &command)?;
            let listens = eventually("a proxy listens, or ends", || {
                // Another process may have the port, which ends it.
                let has_ended = supervisor.ask("ended").is_ok();
                let listens = !has_ended && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
                (listens || has_ended).then_some(listens)
            });
            if listens {
                return Ok(Self { _supervisor: supervisor, port, _folder: folder });
            }
            said = fs::read_to_string(folder.path().join("output")).unwrap_or_default();
        }
        bail!("{} does not start: {said}", program.name)
    }
}
