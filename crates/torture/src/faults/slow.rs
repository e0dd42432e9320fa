//! Requests that are sent byte by byte.

use super::Fault;
use crate::{client::request, hostile, trial::Trial};
use anyhow::Context;
use std::{io::Write, time::Duration};

pub struct SlowHeads;

pub struct SlowBodies;

/// Number of connections.
const CONNECTIONS: usize = 200;

/// Time after which each connection must be closed, also on a slow machine; `http.request_timeout` is 2 s here.
const LIMIT: Duration = Duration::from_secs(8);

impl Fault for SlowHeads {
    fn name(&self) -> &'static str {
        "slow-heads"
    }

    fn about(&self) -> &'static str {
        "200 connections send a head byte by byte: each is ended by `http.request_timeout`"
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        // Every other round sends only empty lines, so that the head never begins.
        let head = b"POST /v1/group HTTP/1.1\r\nHost: localhost\r\nX-Slow: ".to_vec();
        run(trial, |_| vec![(head, b' '), (b"\r\n".to_vec(), b'\n')])
    }
}

impl Fault for SlowBodies {
    fn name(&self) -> &'static str {
        "slow-bodies"
    }

    fn about(&self) -> &'static str {
        "200 connections with a key send a body byte by byte: each is ended by `http.request_timeout`"
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        run(trial, |key| {
            let headers =
                [("GoChat-Token", key), ("Content-Type", "application/json"), ("Content-Length", "16000")];
            vec![(request("POST", "/v1/group", &headers, b""), b' ')]
        })
    }
}

/// Opens connections that send some bytes once and then one byte repeatedly. `sent` returns pairs: the bytes that are sent once, and
/// the byte that is repeated. Each round uses the next pair.
fn run(trial: &mut Trial, sent: impl FnOnce(&str) -> Vec<(Vec<u8>, u8)>) -> anyhow::Result<()> {
    let deployment = trial.deployment()?.with_setting("GOCHAT__HTTP__REQUEST_TIMEOUT", "2s");
    let mut server = deployment.start()?;
    let sent = sent(&deployment.key);
    let mut sent = sent.iter().cycle();
    while trial.next_round(5, 1) {
        let port = server.port;
        let (bytes, trickle) = sent.next().context("there is nothing to send")?;
        let left = trial.under_load(&deployment, &[port], |load, _| {
            let mut streams = Vec::new();
            for _ in 0..CONNECTIONS {
                let mut stream = hostile::connect(port)?;
                stream.write_all(bytes)?;
                streams.push(stream);
            }
            let left = hostile::wait_for_disconnects(streams, Some(*trickle), LIMIT);
            load.wait_for_creates(20)?;
            Ok(left)
        })?;
        trial.expect(left == 0, || format!("{left} of {CONNECTIONS} connections are not ended in {LIMIT:?}"));
    }
    server.terminate()?;
    trial.finish(&deployment)
}
