//! One client of a load.

mod create;
mod other_requests;

use super::{Load, Outcome, Plan};
use crate::{
    client::{Client, Failure, Reply},
    ledger::{CreateRequest, Group},
};
use fastrand::Rng;
use std::{
    sync::{PoisonError, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

/// Bounds of the pause after a failure, in milliseconds.
const BACKOFF: [u64; 2] = [5, 40];

pub(super) struct Worker<'a> {
    number: usize,
    plan: &'a Plan,
    load: &'a Load,
    rng: Rng,
    port: usize,
    client: Client,
    /// Acknowledged groups, with the request and the name as it was sent.
    known: Vec<(CreateRequest, String, Group)>,
    requests: u64,
    outcome: Outcome,
}

impl<'a> Worker<'a> {
    pub(super) fn new(number: usize, plan: &'a Plan, load: &'a Load) -> Self {
        let port = number % plan.ports.len();
        Self {
            number,
            plan,
            load,
            rng: Rng::with_seed(plan.seed.wrapping_add(number as u64)),
            port,
            client: Client::new(plan.ports[port]),
            known: Vec::new(),
            requests: 0,
            outcome: Outcome::default(),
        }
    }

    pub(super) fn run(mut self) -> Outcome {
        while !self.load.is_over.load(Ordering::Relaxed) {
            match self.rng.u8(..100) {
                0..8 => self.contend(),
                8..16 => self.create_with_taken_name(),
                16..24 => self.create_invalid(),
                24..32 => self.repeat(),
                32..44 => self.read(),
                _ => self.create_new(),
            }
            thread::sleep(self.plan.pause);
        }
        self.outcome
    }

    /// A text that no other request on this database contains.
    fn unique(&mut self) -> String {
        self.requests += 1;
        format!("{}-{}-{}", self.plan.tag, self.number, self.requests)
    }

    fn new_request(&mut self, name: String) -> CreateRequest {
        let unique = self.unique();
        let key = self.rng.bool().then(|| format!("key-{unique}"));
        CreateRequest { name, token: unique, admin_id: self.rng.i64(1..), key }
    }

    fn exchange(&mut self, bytes: &[u8]) -> Result<Reply, Failure> {
        let started_at = Instant::now();
        let result = self.client.send(bytes);
        let took = started_at.elapsed();
        let tally = &mut self.outcome.tally;
        match &result {
            Ok(reply) => {
                tally.requests += 1;
                tally.longest = tally.longest.max(took);
                self.load.progress.mark_progress();
                self.load.latencies.lock().unwrap_or_else(PoisonError::into_inner).push(took);
                if reply.status == 503 {
                    tally.unavailable += 1;
                    self.load.unavailable.fetch_add(1, Ordering::Relaxed);
                    self.back_off();
                }
            }
            Err(failure) => {
                if matches!(failure, Failure::NotConnected) {
                    tally.not_connected += 1;
                } else {
                    tally.requests += 1;
                    tally.broken += 1;
                }
                if let Failure::Malformed(what) = failure {
                    self.load.record_failure(format!("the bytes received are not an HTTP reply: {what}"));
                }
                self.port = (self.port + 1) % self.plan.ports.len();
                self.client = Client::new(self.plan.ports[self.port]);
                self.back_off();
            }
        }
        result
    }

    fn back_off(&mut self) {
        thread::sleep(Duration::from_millis(self.rng.u64(BACKOFF[0]..BACKOFF[1])));
    }

    fn record_failure(&self, what: &str, reply: &Reply) {
        self.load.record_failure(format!("{what}: {} {}", reply.status, reply.text()));
    }
}
