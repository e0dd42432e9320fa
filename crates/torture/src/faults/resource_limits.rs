//! The process gets no more memory, or no more threads.

use super::Fault;
use crate::{
    client::{Client, request},
    process,
    requirement::{NOBODY, OTHER_USER, Requirement},
    trial::Trial,
    wait::pause,
};
use std::{
    os::unix::fs::chown,
    process::Command,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

pub struct Memory;

pub struct Threads;

/// Number of clients that read pages.
const READERS: usize = 64;

/// Number of groups of a page.
const PAGE: usize = 1_000;

/// Bounds of the address space limit that is set at start, in MiB. An address space of this size has no room for a heap for each
/// thread.
const LIMIT_AT_START: [u64; 2] = [30, 500];

/// Bounds of the address space that a running server may add, in MiB: from too little for one page to enough for some of the
/// clients.
const LIMIT_ABOVE_USE: [u64; 2] = [8, 256];

impl Fault for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn about(&self) -> &'static str {
        "RLIMIT_AS, low at start or just above current use under load, while 64 clients read pages of 1,000 groups: the server serves, refuses, or ends and is replaced"
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let deployment = trial.deployment()?;
        deployment.prefill(2_000)?;
        let [mut failed_starts, mut ended, mut times_served] = [0, 0, 0];
        // The short form has one server with a limit at start, and one with a limit under load.
        while trial.next_round(12, 2) {
            let is_from_start = trial.rounds() % 3 == 1;
            let mut launch = deployment.launch();
            let mut limit = "unlimited".to_owned();
            if is_from_start {
                limit = (trial.rng.u64(LIMIT_AT_START[0]..LIMIT_AT_START[1]) << 20).to_string();
                launch = launch.wrapped_by(&["prlimit", &format!("--as={limit}:"), "--"]);
            }
            let server = launch.start();
            let mut server = match server {
                Ok(server) => server,
                Err(error) => {
                    let said = format!("{error:#}");
                    trial.expect(said.contains("the server ended"), || {
                        format!("the server neither serves nor ends with an address space of {limit}: {said}")
                    });
                    failed_starts += 1;
                    continue;
                }
            };
            let ports = [server.port, server.admin_port];
            let kept_serving;
            (server, kept_serving) = trial.under_load(&deployment, &ports[..1], |load, trial| {
                if !is_from_start {
                    load.wait_for_creates(20)?;
                    let room =
                        server.address_space()? + trial.rng.u64(LIMIT_ABOVE_USE[0]..LIMIT_ABOVE_USE[1]);
                    server.limit("as", &(room << 20).to_string())?;
                }
                load.tolerate(&[500]);
                let [whole, torn] = read_pages(ports[0], &deployment.key);
                trial.expect(torn == 0, || format!("{torn} pages lack some of their {PAGE} groups"));
                let lives = server.is_alive()?;
                if lives {
                    trial.note(format!("{whole} pages read"));
                    server.limit("as", "unlimited")?;
                } else {
                    server = deployment.launch().spawn(ports)?.wait_until_live()?;
                    ended += 1;
                }
                load.end_tolerance();
                load.wait_for_creates(20)?;
                Ok((server, lives && whole > 0))
            })?;
            times_served += u32::from(kept_serving);
            let code = server.terminate()?;
            trial
                .expect(code == Some(0), || format!("the server ended with {code:?}: {}", server.log_tail()));
            trial.check(&deployment)?;
        }
        trial.expect(times_served > 0 || trial.context.is_short, || "no server kept serving".to_owned());
        trial.note(format!(
            "failed starts: {failed_starts}, servers ended under load: {ended}, servers that kept serving: {times_served}"
        ));
        trial.check(&deployment)
    }
}

/// Reads pages at full speed for 2 s. Returns how many 200s had all their groups, and how many did not.
fn read_pages(port: u16, key: &str) -> [u64; 2] {
    let target = format!("/v1/group?limit={PAGE}");
    let page = request("GET", &target, &[("GoChat-Token", key)], b"");
    let (stop, counts) = (AtomicBool::new(false), [0, 0].map(AtomicU64::new));
    let read = || {
        let mut client = Client::new(port);
        while !stop.load(Ordering::Relaxed) {
            match client.send(&page) {
                Ok(reply) if reply.status == 200 => {
                    let is_whole = reply.text().matches("\"uuid\":").count() == PAGE;
                    counts[usize::from(!is_whole)].fetch_add(1, Ordering::Relaxed);
                }
                Ok(_) => {}
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(read);
        }
        pause(Duration::from_secs(2));
        stop.store(true, Ordering::Relaxed);
    });
    counts.map(AtomicU64::into_inner)
}

impl Fault for Threads {
    fn name(&self) -> &'static str {
        "threads"
    }

    fn about(&self) -> &'static str {
        "RLIMIT_NPROC: with too few threads the start ends with an error; a running server that gets no more threads keeps serving"
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[Requirement::OtherUser]
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let deployment = trial.bare_deployment()?;
        chown(deployment.folder(), Some(NOBODY), Some(NOBODY))?;
        let deployment = deployment.wrapped_by(&[&["setpriv"], &OTHER_USER[..]].concat()).with_key()?;
        while trial.next_round(5, 1) {
            // Libraries panic if they cannot start a thread; that ends the start, as it should.
            let without_schema = trial.bare_deployment()?;
            chown(without_schema.folder(), Some(NOBODY), Some(NOBODY))?;
            for threads in ["1", "3", "5"] {
                let launch = without_schema
                    .launch()
                    .wrapped_by(&[&["setpriv"], &OTHER_USER[..]].concat())
                    .wrapped_by(&["prlimit", &format!("--nproc={threads}:{threads}"), "--"]);
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
            let mut server = deployment.start()?;
            let port = server.port;
            trial.under_load(&deployment, &[port], |load, _| {
                load.wait_for_creates(20)?;
                // The server's user sets the limit, because even root needs CAP_SYS_RESOURCE to change the limits of another user's process.
                process::run(Command::new("setpriv").args(OTHER_USER).args([
                    "prlimit",
                    "--pid",
                    &server.pid().to_string(),
                    "--nproc=1:",
                ]))?;
                load.wait_for_creates(100)
            })?;
            let alive = server.is_alive()?;
            trial.expect(alive, || format!("the server ended: {}", server.log_tail()));
            server.terminate()?;
        }
        trial.finish(&deployment)
    }
}
