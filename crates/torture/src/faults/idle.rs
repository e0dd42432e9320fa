//! Idle connections.

use super::Fault;
use crate::{
    client::{Client, request},
    deployment::Deployment,
    hostile,
    requirement::Requirement,
    server::{Launch, Server},
    trial::Trial,
};
use std::{
    net::TcpStream,
    time::{Duration, Instant},
};

pub struct Idle;

pub struct Descriptors;

/// Longest time that another client may wait.
const LIMIT: Duration = Duration::from_secs(5);

/// Limit of file descriptors of a server that has few.
const FEW: usize = 256;

impl Fault for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }

    fn about(&self) -> &'static str {
        "5,000 idle connections, all of which are kept: others are served"
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[Requirement::Descriptors]
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        run(trial, Deployment::launch, 5_000, |kept| kept == 5_000)
    }
}

impl Fault for Descriptors {
    fn name(&self) -> &'static str {
        "descriptors"
    }

    fn about(&self) -> &'static str {
        "3,000 idle connections to a server with 256 file descriptors, which keeps some: `/livez` and new clients are served within 5 s"
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[Requirement::Descriptors]
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let few = |deployment: &Deployment| {
            deployment.launch().wrapped_by(&["prlimit", &format!("--nofile={FEW}:{FEW}"), "--"])
        };
        // To accept a new connection, the server closes the one that has been idle longest.
        run(trial, few, 3_000, |kept| (1..FEW).contains(&kept))
    }
}

/// Opens `count` connections, all of which the server must accept. `is_right` checks how many it keeps open.
fn run(
    trial: &mut Trial,
    launch: impl Fn(&Deployment) -> Launch,
    count: usize,
    is_right: impl Fn(usize) -> bool,
) -> anyhow::Result<()> {
    let deployment = trial.deployment()?;
    while trial.next_round(3, 1) {
        let mut server = launch(&deployment).start()?;
        let idle = open(server.port, count);
        trial.expect(idle.len() == count, || format!("{} of {count} connections are opened", idle.len()));
        probe(trial, &deployment, &server);
        let kept = idle.iter().filter(|stream| is_open(stream)).count();
        trial.expect(is_right(kept), || format!("the server keeps {kept} of {count} idle connections open"));
        trial.note(format!("{kept} of {count} kept open"));
        trial.under_load(&deployment, &[server.port], |load, _| load.wait_for_creates(50))?;
        drop(idle);
        let code = server.terminate()?;
        trial.expect(code == Some(0), || format!("the server ended with {code:?}"));
    }
    trial.finish(&deployment)
}

/// Checks and reports how long new clients wait.
fn probe(trial: &mut Trial, deployment: &Deployment, server: &Server) {
    let probes = [
        (server.admin_port, request("GET", "/livez", &[], b""), "/livez"),
        (server.port, request("GET", "/v1/group/1", &[("GoChat-Token", &deployment.key)], b""), "a read"),
    ];
    for (port, probe, what) in probes {
        let started_at = Instant::now();
        let answer = Client::new(port).send(&probe);
        let took = started_at.elapsed();
        let is_answered = answer.as_ref().is_ok_and(|reply| [200, 404].contains(&reply.status));
        trial.expect(is_answered && took < LIMIT, || {
            let answer = answer.map(|reply| reply.status);
            format!("{what}: {answer:?} after {took:?}")
        });
        trial.note(format!("{what} after {:.2} s", took.as_secs_f64()));
    }
}

/// Opens up to `count` connections.
fn open(port: u16, count: usize) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    let mut failed = 0;
    // If the accept backlog is full, each attempt takes a second.
    while streams.len() < count && failed < 3 {
        match hostile::connect(port) {
            Ok(stream) => streams.push(stream),
            Err(_) => failed += 1,
        }
    }
    streams
}

/// Returns whether the server has not closed it.
fn is_open(stream: &TcpStream) -> bool {
    let peeked = stream.set_nonblocking(true).and_then(|()| stream.peek(&mut [0]));
    peeked.is_err_and(|error| !hostile::is_disconnect(&error))
}
