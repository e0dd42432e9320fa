//! HAProxy in front of HTTP servers.

use crate::{port, server_folder::ServerFolder, supervisor::Supervisor};
use anyhow::{Context, bail};
use std::{
    env,
    fmt::Write as _,
    fs,
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

/// A HAProxy that balances requests over servers, with `/readyz` as health check. It stops when this value is
/// dropped, and also when this process is killed.
pub struct HaProxy {
    _supervisor: Supervisor,
    port: u16,
    _folder: ServerFolder,
}

const SCRIPT: &str = r#"
folder=$2
"$1" -db -f "$folder/haproxy.cfg" </dev/null >"$folder/log" 2>&1 &
end() {
    kill "$!"
    wait
    rm -rf "$folder"
}
"#;

/// Number of ports to try, as another process may take a free one first.
const ATTEMPTS: u32 = 5;

/// Longest wait until it listens.
const START_TIMEOUT: Duration = Duration::from_secs(60);

impl HaProxy {
    /// Checks that HAProxy is installed.
    pub fn check() -> anyhow::Result<()> {
        program().map(drop)
    }

    /// Starts HAProxy in front of servers on this machine, each given by the ports of its API and admin listeners.
    pub fn in_front_of(servers: &[[u16; 2]]) -> anyhow::Result<Self> {
        let program = program()?.display().to_string();
        for _ in 0..ATTEMPTS {
            let folder = ServerFolder::new("gochat-haproxy-")?;
            let port = port::free()?;
            fs::write(folder.path().join("haproxy.cfg"), settings(port, servers)?)?;
            let path = folder.path().to_str().context("the folder of temporary files is not UTF-8")?;
            let supervisor = Supervisor::start(folder.command("sh"), SCRIPT, &[&program, path])?;
            let started_at = Instant::now();
            let log = folder.path().join("log");
            while started_at.elapsed() < START_TIMEOUT {
                if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                    return Ok(Self { _supervisor: supervisor, port, _folder: folder });
                }
                if fs::read_to_string(&log).is_ok_and(|log| log.contains("ALERT")) {
                    break;
                }
                thread::sleep(Duration::from_millis(10));
            }
        }
        bail!("HAProxy does not start")
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// The path of the program; on Debian it is outside the `PATH` of most users.
fn program() -> anyhow::Result<PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&on_path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join("haproxy"))
        .find(|program| program.is_file())
        .context("HAProxy is not installed (Debian: apt-get install haproxy)")
}

/// The configuration: health checks, and a retry on another server if a connection is refused.
fn settings(port: u16, servers: &[[u16; 2]]) -> anyhow::Result<String> {
    let mut text = format!(
        "global\n  maxconn 1000\n\
         defaults\n  mode http\n  timeout connect 2s\n  timeout client 60s\n  timeout server 60s\n\
         \x20 option redispatch 1\n  retries 3\n\
         listen gochat\n  bind 127.0.0.1:{port}\n  balance roundrobin\n\
         \x20 option httpchk GET /readyz\n  http-check send hdr Host localhost\n\
         \x20 default-server check inter 200ms fall 1 rise 1\n"
    );
    for (number, [api, admin]) in servers.iter().enumerate() {
        writeln!(text, "  server gochat{number} 127.0.0.1:{api} port {admin}")?;
    }
    Ok(text)
}
