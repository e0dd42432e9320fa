//! Clients that never read their replies.

use super::{Fault, SQLITE};
use crate::{client::request, hostile, trial::Trial};
use gochat_test_support::Backend;
use std::{
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

pub struct Unread;

/// Connections.
const CONNECTIONS: usize = 64;

/// By then each is over; `http.request_timeout` is 2 s here.
const LIMIT: Duration = Duration::from_secs(30);

/// What the memory may grow by, in MiB: some pages of 1,000 groups a connection.
const GROWTH: u64 = 128;

impl Fault for Unread {
    fn name(&self) -> &'static str {
        "unread"
    }

    fn about(&self) -> &'static str {
        "64 connections pipeline pages of 1,000 groups and never read: each is ended, memory is bounded, SIGTERM is heeded"
    }

    fn short_on(&self) -> &'static [Backend] {
        SQLITE
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let home = trial
            .home()?
            .set("GOCHAT__HTTP__REQUEST_TIMEOUT", "2s")
            .set("GOCHAT__HTTP__SHUTDOWN_TIMEOUT", "5s");
        home.fill(2_000)?;
        while trial.next_round(5, 1) {
            let mut server = home.start()?;
            let (port, before) = (server.port, server.resident()?);
            let (left, took) = trial.under_load(&home, &[port], |load, trial| {
                let started_at = Instant::now();
                let streams = open(port, &home.key)?;
                load.more_created(50)?;
                let grown = server.resident()?.saturating_sub(before);
                trial.expect(grown < GROWTH, || format!("the memory grew by {grown} MiB"));
                let left = hostile::wait_for_ends(streams, None, LIMIT);
                Ok((left, started_at.elapsed()))
            })?;
            trial.expect(left == 0, || {
                format!("{left} of {CONNECTIONS} connections are not ended in {LIMIT:?}")
            });
            let _streams = open(port, &home.key)?;
            let told_at = Instant::now();
            let code = server.terminate()?;
            let stop = told_at.elapsed();
            trial.expect(code == Some(0) && stop < Duration::from_secs(20), || {
                format!("SIGTERM beside them: {code:?} after {stop:?}")
            });
            trial.note(format!(
                "ended within {:.1} s, SIGTERM {:.1} s",
                took.as_secs_f64(),
                stop.as_secs_f64()
            ));
        }
        trial.finish(&home)
    }
}

fn open(port: u16, key: &str) -> anyhow::Result<Vec<TcpStream>> {
    let page = request("GET", "/v1/group?limit=1000", &[("GoChat-Token", key)], b"").repeat(100);
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = hostile::connect(port)?;
        // What the server does not take is not sent.
        let _partly = stream.write(&page)?;
        streams.push(stream);
    }
    Ok(streams)
}
