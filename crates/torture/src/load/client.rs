//! One client of a load.

mod create;
mod others;

use super::{Load, Outcome, Plan};
use crate::{
    client::{Client, Failure, Reply},
    ledger::{Ask, Group},
};
use fastrand::Rng;
use std::{
    sync::{PoisonError, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

/// Longest and shortest pause after a failure.
const BACKOFF: [u64; 2] = [5, 40];

pub(super) struct Worker<'a> {
    number: usize,
    plan: &'a Plan,
    load: &'a Load,
    rng: Rng,
    port: usize,
    client: Client,
    /// Groups of which this client was told, with what was asked and sent.
    known: Vec<(Ask, String, Group)>,
    asked: u64,
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
            client: Client::of(plan.ports[port]),
            known: Vec::new(),
            asked: 0,
            outcome: Outcome::default(),
        }
    }

    pub(super) fn run(mut self) -> Outcome {
        while !self.load.is_over.load(Ordering::Relaxed) {
            match self.rng.u8(..100) {
                0..8 => self.contend(),
                8..16 => self.ask_for_taken_name(),
                16..24 => self.ask_for_invalid(),
                24..32 => self.repeat(),
                32..44 => self.read(),
                _ => self.create_new(),
            }
            thread::sleep(self.plan.pause);
        }
        self.outcome
    }

    /// A number that no other request of this database has.
    fn unique(&mut self) -> String {
        self.asked += 1;
        format!("{}-{}-{}", self.plan.tag, self.number, self.asked)
    }

    fn ask(&mut self, name: String) -> Ask {
        let unique = self.unique();
        let key = self.rng.bool().then(|| format!("key-{unique}"));
        Ask { name, token: unique, admin_id: self.rng.i64(1..), key }
    }

    fn exchange(&mut self, bytes: &[u8]) -> Result<Reply, Failure> {
        let started_at = Instant::now();
        let result = self.client.send(bytes);
        let took = started_at.elapsed();
        let tally = &mut self.outcome.tally;
        match &result {
            Ok(reply) => {
                tally.asked += 1;
                tally.longest = tally.longest.max(took);
                self.load.watch.goes_on();
                self.load.latencies.lock().unwrap_or_else(PoisonError::into_inner).push(took);
                if reply.status == 503 {
                    tally.unavailable += 1;
                    self.load.unavailable.fetch_add(1, Ordering::Relaxed);
                    self.back_off();
                }
            }
            Err(failure) => {
                if matches!(failure, Failure::Unsent) {
                    tally.unsent += 1;
                } else {
                    tally.asked += 1;
                    tally.broken += 1;
                }
                self.load.broken.fetch_add(1, Ordering::Relaxed);
                if let Failure::Malformed(what) = failure {
                    self.load.wrong(format!("what came is no reply: {what}"));
                }
                self.port = (self.port + 1) % self.plan.ports.len();
                self.client = Client::of(self.plan.ports[self.port]);
                self.back_off();
            }
        }
        result
    }

    fn back_off(&mut self) {
        thread::sleep(Duration::from_millis(self.rng.u64(BACKOFF[0]..BACKOFF[1])));
    }

    fn wrong(&self, what: &str, reply: &Reply) {
        self.load.wrong(format!("{what}: {} {}", reply.status, reply.text()));
    }
}
