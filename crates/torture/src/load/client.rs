//! One client of a load.

use super::{Load, Outcome, Plan, request};
use crate::{
    client::{Client, Failure, Reply},
    ledger::{Answer, Ask, Group},
    wait,
};
use fastrand::Rng;
use std::{
    sync::{PoisonError, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

/// Ends of names as they are sent and as they are stored: the second is composed (NFC).
const ENDS: [(&str, &str); 4] = [("", ""), ("-e\u{301}", "-\u{e9}"), ("-😀", "-😀"), (" '%_\\", " '%_\\")];

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

    fn create_new(&mut self) {
        let name = self.unique();
        let (sent, stored) = ENDS[self.rng.usize(..ENDS.len())];
        let ask = self.ask(format!("{name}{stored}"));
        self.create(ask, format!("{name}{sent}"), false);
    }

    /// A name that other clients want too.
    fn contend(&mut self) {
        let name = format!("{}-race-{}", self.plan.tag, self.load.races.fetch_add(1, Ordering::Relaxed) / 4);
        let ask = self.ask(name.clone());
        self.create(ask, name, true);
    }

    fn ask_for_taken_name(&mut self) {
        let Some((known, sent, _)) = self.rng.choice(&self.known).cloned() else { return };
        let ask = self.ask(known.name);
        self.create(ask, sent, true);
    }

    fn ask_for_invalid(&mut self) {
        let name = self.unique();
        let mut ask = self.ask(name.clone());
        let sent = match self.rng.u8(..3) {
            0 => {
                ask.admin_id = 0;
                name
            }
            1 => {
                ask.name = "x".repeat(64) + &name;
                ask.name.clone()
            }
            _ => {
                ask.name = format!(" {name}");
                ask.name.clone()
            }
        };
        match self.exchange(&request::create(&self.plan.key, &sent, &ask)) {
            Ok(reply) if reply.status == 422 => {
                self.outcome.tally.refused += 1;
                self.outcome.ledger.record(ask, Answer::Refused(422));
            }
            Ok(reply) if self.plan.leaves_open(reply.status) => self.outcome.ledger.record(ask, Answer::Open),
            Ok(reply) => self.wrong(&format!("{ask:?} wants 422"), &reply),
            Err(Failure::Unsent) => {}
            Err(_) => self.outcome.ledger.record(ask, Answer::Open),
        }
    }

    /// A create that was answered 201, with its key.
    fn repeat(&mut self) {
        let Some((ask, sent, group)) = self.rng.choice(&self.known).cloned() else { return };
        if ask.key.is_none() {
            return;
        }
        match self.exchange(&request::create(&self.plan.key, &sent, &ask)) {
            Ok(reply) if reply.status == 201 => {
                let is_same =
                    serde_json::from_slice::<Group>(&reply.body).is_ok_and(|replayed| replayed == group);
                if !is_same || reply.header("idempotency-replayed") != Some("true") {
                    self.wrong(&format!("the replay of {group:?} is another"), &reply);
                }
                self.outcome.tally.replayed += 1;
            }
            Ok(reply) if self.plan.leaves_open(reply.status) => {}
            Ok(reply) => self.wrong(&format!("the replay of {group:?} is refused"), &reply),
            Err(_) => {}
        }
    }

    fn read(&mut self) {
        let Some((_, _, group)) = self.rng.choice(&self.known).cloned() else { return };
        match self.exchange(&request::read(&self.plan.key, &format!("/v1/group/{}", group.id))) {
            Ok(reply) if reply.status == 200 => {
                if serde_json::from_slice::<Group>(&reply.body).ok().as_ref() != Some(&group) {
                    self.wrong(&format!("the read of {group:?} shows another"), &reply);
                }
                self.outcome.tally.read += 1;
            }
            Ok(reply) if self.plan.leaves_open(reply.status) => {}
            Ok(reply) => self.wrong(&format!("the read of {group:?} fails"), &reply),
            Err(_) => {}
        }
    }

    /// A create that may be answered 201, and 409 where the name may be taken. What is left open is asked again, if it has a key.
    fn create(&mut self, ask: Ask, sent: String, may_be_taken: bool) {
        let bytes = request::create(&self.plan.key, &sent, &ask);
        let mut was_open = false;
        let mut over_since = None;
        loop {
            let asked_at = Instant::now();
            match self.exchange(&bytes) {
                Ok(reply) if reply.status == 201 => return self.told(ask, sent, asked_at, &reply),
                Ok(reply) if reply.status == 409 => {
                    if !may_be_taken {
                        self.wrong(&format!("{ask:?} is refused"), &reply);
                    }
                    self.outcome.tally.taken += 1;
                    return self.outcome.ledger.record(ask, Answer::Taken);
                }
                Ok(reply) if self.plan.leaves_open(reply.status) => was_open = self.open(&ask, was_open),
                Ok(reply) => {
                    self.wrong(&format!("{ask:?} is refused"), &reply);
                    was_open = self.open(&ask, was_open);
                }
                Err(Failure::Unsent) => {}
                Err(Failure::Broken | Failure::Malformed(_)) => was_open = self.open(&ask, was_open),
                Err(Failure::Late) => {
                    self.outcome.wrong.push(format!("no answer to {ask:?}"));
                    was_open = self.open(&ask, was_open);
                }
            }
            // Without a key, the answer stays open.
            if was_open && ask.key.is_none() {
                return self.back_off();
            }
            if self.load.is_over.load(Ordering::Relaxed) {
                if !self.load.settles.load(Ordering::Relaxed) {
                    return;
                }
                let since: &mut Instant = over_since.get_or_insert_with(Instant::now);
                if since.elapsed() > wait::LIMIT {
                    return self
                        .outcome
                        .wrong
                        .push(format!("the service is well, and never answers {ask:?}"));
                }
            }
            self.back_off();
        }
    }

    fn open(&mut self, ask: &Ask, was_open: bool) -> bool {
        if !was_open {
            self.outcome.ledger.record(ask.clone(), Answer::Open);
        }
        true
    }

    fn told(&mut self, ask: Ask, sent: String, asked_at: Instant, reply: &Reply) {
        let Ok(group) = serde_json::from_slice::<Group>(&reply.body) else {
            return self.wrong(&format!("{ask:?} is answered by no group"), reply);
        };
        let told = (&group.name, &group.token, group.admin_id);
        if told != (&ask.name, &ask.token, ask.admin_id) {
            self.wrong(&format!("{ask:?} is answered by another group"), reply);
        }
        if self.load.nothing_stored_since().is_some_and(|since| asked_at > since) {
            self.wrong(&format!("{ask:?} is answered while nothing can be stored"), reply);
        }
        self.outcome.tally.created += 1;
        self.load.created.fetch_add(1, Ordering::Relaxed);
        self.outcome.ledger.record(ask.clone(), Answer::Created(group.clone()));
        self.known.push((ask, sent, group));
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
                self.load.answered.fetch_add(1, Ordering::Relaxed);
                self.load.latencies.lock().unwrap_or_else(PoisonError::into_inner).push(took);
                if reply.status == 503 {
                    tally.unavailable += 1;
                    self.load.unavailable.fetch_add(1, Ordering::Relaxed);
                    self.back_off();
                }
            }
            Err(failure) => {
                if let Failure::Malformed(what) = failure {
                    self.outcome.wrong.push(format!("what came is no reply: {what}"));
                }
                if matches!(failure, Failure::Unsent) {
                    tally.unsent += 1;
                } else {
                    tally.asked += 1;
                    tally.broken += 1;
                }
                self.load.broken.fetch_add(1, Ordering::Relaxed);
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

    fn wrong(&mut self, what: &str, reply: &Reply) {
        self.outcome.wrong.push(format!("{what}: {} {}", reply.status, reply.text()));
    }
}
