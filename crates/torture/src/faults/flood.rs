//! Clients that send at full speed.

use super::Fault;
use crate::{client::request, hostile, trial::Trial};

pub struct FloodBody;

pub struct FloodPipeline;

/// Number of connections.
const SENDERS: usize = 8;

impl Fault for FloodBody {
    fn name(&self) -> &'static str {
        "flood-body"
    }

    fn about(&self) -> &'static str {
        "8 connections send a body of 1 TiB without a key at full speed: each connection is closed, and others are served"
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let deployment = trial.deployment()?;
        let mut server = deployment.start()?;
        let headers = [("Content-Type", "application/json"), ("Content-Length", "1099511627776")];
        let head = request("POST", "/v1/group", &headers, b"");
        let block = vec![b' '; 1 << 16];
        while trial.next_round(3, 1) {
            let port = server.port;
            let sent = hostile::attack(trial, &deployment, &server, SENDERS, |stop| {
                hostile::send_at_full_speed(port, &head, &block, stop)
            })?;
            let longest = sent.iter().map(|sent| sent.longest).max().unwrap_or_default();
            trial.expect(longest < hostile::CLOSE_LIMIT, || {
                format!("a connection stayed open for {longest:?}")
            });
            let mebibytes = sent.iter().map(|sent| sent.bytes).sum::<u64>() >> 20;
            trial.note(format!("{mebibytes} MiB sent, longest connection {:.1} s", longest.as_secs_f64()));
        }
        server.terminate()?;
        trial.finish(&deployment)
    }
}

impl Fault for FloodPipeline {
    fn name(&self) -> &'static str {
        "flood-pipeline"
    }

    fn about(&self) -> &'static str {
        "8 connections pipeline `GET /nope` at full speed: others are served"
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let deployment = trial.deployment()?;
        let mut server = deployment.start()?;
        let block = request("GET", "/nope", &[], b"").repeat(1000);
        while trial.next_round(3, 1) {
            let port = server.port;
            let sent = hostile::attack(trial, &deployment, &server, SENDERS, |stop| {
                hostile::send_at_full_speed(port, b"", &block, stop)
            })?;
            let requests = sent.iter().map(|sent| sent.bytes).sum::<u64>() * 1000 / block.len() as u64;
            trial.note(format!("{requests} requests sent"));
        }
        server.terminate()?;
        trial.finish(&deployment)
    }
}
