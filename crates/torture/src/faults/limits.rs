//! The process may have no more memory, or no more threads.

use super::{Fault, SQLITE};
use crate::{
    client::{Client, request},
    need::{Need, OTHER_USER},
    server::{Server, pause},
    trial::Trial,
};
use anyhow::ensure;
use gochat_test_support::Backend;
use std::{
    os::unix::fs::chown,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

pub struct Memory;

pub struct Threads;

/// Clients that ask for pages.
const READERS: usize = 64;

/// Least and most memory that a server is given, in MiB: from too little to start to enough for some clients.
const ROOM: [u64; 2] = [30, 500];

/// Debian's user `nobody` and group `nogroup`.
const NOBODY: u32 = 65_534;

impl Fault for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn about(&self) -> &'static str {
        "RLIMIT_AS of 30 to 500 MiB, while 64 clients read pages of 1,000: it serves, refuses or ends, and a new one goes on"
    }

    fn short_on(&self) -> &'static [Backend] {
        SQLITE
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let home = trial.home()?;
        home.fill(2_000)?;
        // A 500 and a panic are what is left without memory.
        trial.excused = vec![500];
        let [mut unstarted, mut ended] = [0, 0];
        while trial.next_round(10, 2) {
            let room = (trial.rng.u64(ROOM[0]..ROOM[1]) << 20).to_string();
            let scarce = home.launch().by(&["prlimit", &format!("--as={room}:"), "--"]);
            let mut server = match scarce.start() {
                Ok(server) => server,
                Err(error) => {
                    let said = format!("{error:#}");
                    trial.expect(said.contains("the server ended"), || format!("with {room} bytes: {said}"));
                    unstarted += 1;
                    continue;
                }
            };
            let ports = [server.port, server.admin_port];
            let page = request("GET", "/v1/group?limit=1000", &[("GoChat-Token", &home.key)], b"");
            server = trial.under_load(&home, &ports[..1], |load, _| {
                let over = AtomicBool::new(false);
                thread::scope(|scope| {
                    for _ in 0..READERS {
                        scope.spawn(|| {
                            let mut client = Client::of(ports[0]);
                            while !over.load(Ordering::Relaxed) {
                                if client.send(&page).is_err() {
                                    pause(Duration::from_millis(20));
                                }
                            }
                        });
                    }
                    pause(Duration::from_secs(2));
                    over.store(true, Ordering::Relaxed);
                });
                if server.is_alive()? {
                    limit(&server, "as", "unlimited")?;
                } else {
                    ended += 1;
                    server = home.launch().spawn(ports)?.listens()?;
                }
                load.more_created(20)?;
                Ok(server)
            })?;
            server.terminate()?;
            trial.check(&home)?;
        }
        trial.note(format!("{unstarted} times too little to start, {ended} times it ended"));
        trial.check(&home)
    }
}

impl Fault for Threads {
    fn name(&self) -> &'static str {
        "threads"
    }

    fn about(&self) -> &'static str {
        "RLIMIT_NPROC: too few to start is said and ends it; none more while it runs, and it serves"
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::OtherUser]
    }

    fn short_on(&self) -> &'static [Backend] {
        SQLITE
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let home = trial.bare_home()?;
        chown(home.folder(), Some(NOBODY), Some(NOBODY))?;
        let home = home.by(&[&["setpriv"], &OTHER_USER[..]].concat()).with_key()?;
        while trial.next_round(5, 1) {
            // Libraries panic where a thread of theirs cannot be started; that ends the start, as it should.
            let few = trial.bare_home()?;
            chown(few.folder(), Some(NOBODY), Some(NOBODY))?;
            for threads in ["1", "3", "5"] {
                let launch = few.launch().by(&[&["setpriv"], &OTHER_USER[..]].concat()).by(&[
                    "prlimit",
                    &format!("--nproc={threads}:{threads}"),
                    "--",
                ]);
                match launch.start() {
                    Ok(mut server) => drop(server.terminate()?),
                    Err(error) => {
                        let said = format!("{error:#}");
                        trial.expect(said.contains("the server ended"), || {
                            format!("{threads} threads: {said}")
                        });
                    }
                }
            }
            let mut server = home.start()?;
            let port = server.port;
            trial.under_load(&home, &[port], |load, _| {
                load.more_created(20)?;
                limit(&server, "nproc", "1")?;
                load.more_created(100)
            })?;
            let alive = server.is_alive()?;
            trial.expect(alive, || format!("it ended: {}", server.last_lines()));
            server.terminate()?;
        }
        trial.finish(&home)
    }
}

/// Sets a limit of a process that runs.
fn limit(server: &Server, name: &str, value: &str) -> anyhow::Result<()> {
    let (pid, limit) = (server.pid().to_string(), format!("--{name}={value}:"));
    let mut command = Command::new("prlimit");
    if name == "nproc" {
        // A user's limit, set by that user.
        command = Command::new("setpriv");
        command.args(OTHER_USER).arg("prlimit");
    }
    let status = command.args(["--pid", &pid, &limit]).status()?;
    ensure!(status.success(), "prlimit failed");
    Ok(())
}
