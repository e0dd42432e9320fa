//! HAProxy in front of HTTP servers.

use crate::proxy::{Program, Proxy};
use std::{fmt::Write as _, fs};

/// A HAProxy that distributes requests over the servers whose `/readyz` succeeds. It stops when this value is dropped,
/// and also when this process is killed.
pub struct HaProxy(Proxy);

const PROGRAM: Program = Program { name: "haproxy", package: "haproxy" };

impl HaProxy {
    /// Checks that HAProxy is installed.
    pub fn check() -> anyhow::Result<()> {
        PROGRAM.find().map(drop)
    }

    /// Starts HAProxy in front of servers on this machine, each given by the ports of its API and admin listeners.
    pub fn in_front_of(servers: &[[u16; 2]]) -> anyhow::Result<Self> {
        let proxy = Proxy::start(&PROGRAM, |folder, port| {
            let file = format!("{folder}/haproxy.cfg");
            fs::write(&file, settings(port, servers)?)?;
            Ok(["-db".to_owned(), "-f".to_owned(), file])
        })?;
        Ok(Self(proxy))
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.0.port
    }
}

/// The settings: checks the readiness of each server, and retries a refused connection on another server.
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
