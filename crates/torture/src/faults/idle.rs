//! Connections on which nothing is sent.

use super::{Fault, SQLITE};
use crate::{
    client::{Client, request},
    hostile,
    need::Need,
    server::Server,
    trial::Trial,
};
use gochat_test_support::Backend;
use std::{
    net::TcpStream,
    time::{Duration, Instant},
};

pub struct Idle;

pub struct Descriptors;

/// Longest wait of another client beside them.
const LIMIT: Duration = Duration::from_secs(5);

impl Fault for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }

    fn about(&self) -> &'static str {
        "5,000 idle connections: others are served"
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::Descriptors]
    }

    fn short_on(&self) -> &'static [Backend] {
        SQLITE
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let home = trial.home()?;
        while trial.next_round(3, 1) {
            let mut server = home.start()?;
            beside(trial, &home, &server, 5_000)?;
            let code = server.terminate()?;
            trial.expect(code == Some(0), || format!("it ended with {code:?}"));
        }
        trial.finish(&home)
    }
}

impl Fault for Descriptors {
    fn name(&self) -> &'static str {
        "descriptors"
    }

    fn about(&self) -> &'static str {
        "3,000 idle connections to a server with 256 descriptors: `/livez` and new clients are served within 5 s"
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::Descriptors]
    }

    fn short_on(&self) -> &'static [Backend] {
        SQLITE
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let home = trial.home()?;
        while trial.next_round(3, 1) {
            let mut server = home.launch().by(&["prlimit", "--nofile=256:256", "--"]).start()?;
            beside(trial, &home, &server, 3_000)?;
            let code = server.terminate()?;
            trial.expect(code == Some(0), || format!("it ended with {code:?}"));
        }
        trial.finish(&home)
    }
}

/// Opens connections, and writes down how long new clients wait beside them.
fn beside(trial: &mut Trial, home: &crate::home::Home, server: &Server, count: usize) -> anyhow::Result<()> {
    let idle = open(server.port, count);
    let probes = [
        (server.admin_port, request("GET", "/livez", &[], b""), "/livez"),
        (server.port, request("GET", "/v1/group/1", &[("GoChat-Token", &home.key)], b""), "a read"),
    ];
    for (port, probe, what) in probes {
        let started_at = Instant::now();
        let answer = Client::of(port).send(&probe);
        let took = started_at.elapsed();
        let is_answered = answer.as_ref().is_ok_and(|reply| [200, 404].contains(&reply.status));
        trial.expect(is_answered && took < LIMIT, || {
            let answer = answer.map(|reply| reply.status);
            format!("{what} beside {} idle connections: {answer:?} after {took:?}", idle.len())
        });
        trial.note(format!("{what} after {:.2} s beside {} idle", took.as_secs_f64(), idle.len()));
    }
    trial.under_load(home, &[server.port], |load, _| load.more_created(50))?;
    drop(idle);
    Ok(())
}

/// As many of these connections as can be had.
fn open(port: u16, count: usize) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    let mut failed = 0;
    // Where the queue of the listener is full, each attempt takes a second.
    while streams.len() < count && failed < 3 {
        match hostile::connect(port) {
            Ok(stream) => streams.push(stream),
            Err(_) => failed += 1,
        }
    }
    streams
}
