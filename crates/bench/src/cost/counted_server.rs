//! A server under Callgrind, and its clients.

use super::{Figures, Kind, profile::Profile};
use crate::server::{Deployment, Server};
use anyhow::{Context, ensure};
use gochat_test_support::http::Connection;
use std::{
    fs,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// Longest time for a server to start. Under Valgrind everything takes some fifty times as long.
const START_TIMEOUT: Duration = Duration::from_secs(300);

/// Requests that fill caches before the first count: prepared statements, memory, the index of the log.
const WARM_UP: usize = 64;

/// Duration of the count without requests.
const IDLE: Duration = Duration::from_secs(2);

/// Settings that keep the machine's speed and number of cores out of the counts.
const SETTINGS: [(&str, &str); 4] = [
    ("GOCHAT__HTTP__WORKERS", "1"),
    ("GOCHAT__HTTP__REQUEST_TIMEOUT", "5m"),
    ("GOCHAT__DATABASE__TIMEOUT", "1m"),
    // Callgrind counts each byte that `rep stosb` sets or `rep movsb` copies as an instruction. So the C library must use
    // vectors, as it does for shorter memory.
    (
        "GLIBC_TUNABLES",
        "glibc.cpu.x86_rep_stosb_threshold=1000000000:glibc.cpu.x86_rep_movsb_threshold=1000000000",
    ),
];

/// A server under Callgrind.
pub struct CountedServer<'a> {
    server: Server<'a>,
    folder: PathBuf,
    /// Number of files that Callgrind has written.
    dumps: usize,
    /// Number of requests that were sent.
    sent: usize,
    /// Work in one second without requests: timers.
    idle: Figures,
}

impl<'a> CountedServer<'a> {
    /// Starts a server. It is counted from the end of its start.
    pub fn start(deployment: &'a Deployment) -> anyhow::Result<Self> {
        let folder = deployment.folder().to_owned();
        let mut valgrind = Command::new("valgrind");
        valgrind
            .args(["--tool=callgrind", "--instr-atstart=no", "--collect-systime=yes"])
            .arg(format!("--callgrind-out-file={}", folder.join("counts").display()))
            .arg(format!("--vgdb-prefix={}", folder.join("control").display()));
        let server = deployment.start_under(valgrind, &SETTINGS, START_TIMEOUT)?;
        let mut counted = Self { server, folder, dumps: 0, sent: 0, idle: Figures::default() };
        counted.control(&["--instr=on"])?;
        counted.send(Kind::Create, 1, WARM_UP)?;
        counted.control(&["--zero"])?;
        let began_at = Instant::now();
        thread::sleep(IDLE);
        counted.idle = Figures::new(counted.dump()?, began_at.elapsed().as_secs_f64());
        Ok(counted)
    }

    /// Counts `rounds` requests on each of this many connections, and repeats that `windows` times.
    pub fn count(
        &mut self,
        kind: Kind,
        connections: usize,
        rounds: usize,
        windows: usize,
    ) -> anyhow::Result<Vec<Figures>> {
        self.send(kind, connections, WARM_UP.div_ceil(connections))?;
        (0..windows).map(|_| self.count_once(kind, connections, rounds)).collect()
    }

    fn count_once(&mut self, kind: Kind, connections: usize, rounds: usize) -> anyhow::Result<Figures> {
        self.control(&["--zero"])?;
        let began_at = Instant::now();
        self.send(kind, connections, rounds)?;
        let requests = (connections * rounds) as f64;
        let seconds = began_at.elapsed().as_secs_f64() / requests;
        Ok(Figures::new(self.dump()?, requests).without(&self.idle, seconds))
    }

    /// Sends requests: in each round one on each connection, before any reply is read.
    fn send(&mut self, kind: Kind, connections: usize, rounds: usize) -> anyhow::Result<()> {
        let mut connections: Vec<_> =
            (0..connections).map(|_| Connection::open(self.server.port())).collect();
        for _ in 0..rounds {
            for connection in &mut connections {
                self.sent += 1;
                connection.write(&kind.request(self.sent).by(self.server.key()).bytes());
            }
            for connection in &mut connections {
                let reply = connection.read();
                ensure!(reply.status == kind.status(), "{kind}: {} {}", reply.status, reply.body);
            }
        }
        Ok(())
    }

    /// Reads the counts since the last dump or reset.
    fn dump(&mut self) -> anyhow::Result<Profile> {
        self.control(&["--dump"])?;
        self.dumps += 1;
        let file = self.folder.join(format!("counts.{}", self.dumps));
        fs::read_to_string(&file).with_context(|| file.display().to_string())?.parse()
    }

    fn control(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let mut control = Command::new("callgrind_control");
        control.arg(format!("--vgdb-prefix={}", self.folder.join("control").display()));
        let output = control.args(arguments).arg(self.server.pid().to_string()).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{control:?}: {text}");
        Ok(())
    }
}
