//! Clients that never read their replies.

use super::Fault;
use crate::{client::request, hostile, trial::Trial};
use std::{
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

pub struct Unread;

/// Number of connections.
const CONNECTIONS: usize = 64;

/// Time in seconds after which each connection must be closed, in the long and in the short form; `http.request_timeout` is 2 s here. In
/// the short form the build may be unoptimised, and takes long to write the pages until the client's buffers are full.
const LIMIT: [u64; 2] = [10, 20];

/// Time after which the server must have ended; `http.shutdown_timeout` is 5 s here.
const STOP: Duration = Duration::from_secs(12);

/// Maximum growth of resident memory, in MiB: some pages of 1,000 groups per connection.
const MAX_MEMORY_GROWTH: u64 = 128;

impl Fault for Unread {
    fn name(&self) -> &'static str {
        "unread"
    }

    fn about(&self) -> &'static str {
        "64 connections pipeline pages of 1,000 groups and never read: each is closed, memory is bounded, SIGTERM ends the server"
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let deployment = trial
            .deployment()?
            .with_setting("GOCHAT__HTTP__REQUEST_TIMEOUT", "2s")
            .with_setting("GOCHAT__HTTP__SHUTDOWN_TIMEOUT", "5s");
        deployment.prefill(2_000)?;
        let limit = Duration::from_secs(trial.by_form(LIMIT[0], LIMIT[1]));
        while trial.next_round(5, 1) {
            let mut server = deployment.start()?;
            let (port, memory) = (server.port, server.start_memory_measurement()?);
            let (left, took) = trial.under_load(&deployment, &[port], |load, trial| {
                let started_at = Instant::now();
                let streams = open(port, &deployment.key)?;
                load.wait_for_creates(50)?;
                let left = hostile::wait_for_disconnects(streams, None, limit);
                let grown = server.memory_growth(memory)?;
                trial.expect(grown < MAX_MEMORY_GROWTH, || format!("the memory grew by {grown} MiB"));
                trial.note(format!("{grown} MiB more memory"));
                Ok((left, started_at.elapsed()))
            })?;
            trial.expect(left == 0, || {
                format!("{left} of {CONNECTIONS} connections are not ended in {limit:?}")
            });
            let _streams = open(port, &deployment.key)?;
            let told_at = Instant::now();
            let code = server.terminate()?;
            let stop = told_at.elapsed();
            trial.expect(code == Some(0) && stop < STOP, || {
                format!("SIGTERM while connections are open: {code:?} after {stop:?}")
            });
            trial.note(format!(
                "connections closed within {:.1} s, server ended {:.1} s after SIGTERM",
                took.as_secs_f64(),
                stop.as_secs_f64()
            ));
        }
        trial.finish(&deployment)
    }
}

fn open(port: u16, key: &str) -> anyhow::Result<Vec<TcpStream>> {
    let page = request("GET", "/v1/group?limit=1000", &[("GoChat-Token", key)], b"").repeat(100);
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = hostile::connect(port)?;
        // It is enough to send a part: the server need not accept all of these requests.
        let _partly = stream.write(&page)?;
        streams.push(stream);
    }
    Ok(streams)
}
