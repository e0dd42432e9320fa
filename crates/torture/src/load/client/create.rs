//! Creates, and what becomes of those that are left open.

use super::{super::request, Worker};
use crate::{
    client::{Failure, Reply},
    ledger::{Answer, Ask, Group},
    wait,
};
use std::{sync::atomic::Ordering, time::Instant};

/// Ends of names as they are sent and as they are stored: the second is composed (NFC).
const ENDS: [(&str, &str); 4] = [("", ""), ("-e\u{301}", "-\u{e9}"), ("-😀", "-😀"), (" '%_\\", " '%_\\")];

impl Worker<'_> {
    pub(super) fn create_new(&mut self) {
        let name = self.unique();
        let (sent, stored) = ENDS[self.rng.usize(..ENDS.len())];
        let ask = self.ask(format!("{name}{stored}"));
        self.create(ask, format!("{name}{sent}"), false);
    }

    /// A name that other clients want too.
    pub(super) fn contend(&mut self) {
        let name = format!("{}-race-{}", self.plan.tag, self.load.races.fetch_add(1, Ordering::Relaxed) / 4);
        let ask = self.ask(name.clone());
        self.create(ask, name, true);
    }

    pub(super) fn ask_for_taken_name(&mut self) {
        let Some((known, sent, _)) = self.rng.choice(&self.known).cloned() else { return };
        let ask = self.ask(known.name);
        self.create(ask, sent, true);
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
                Ok(reply) if self.load.leaves_open(reply.status) => was_open = self.open(&ask, was_open),
                Ok(reply) => {
                    self.wrong(&format!("{ask:?} is refused"), &reply);
                    was_open = self.open(&ask, was_open);
                }
                Err(Failure::Unsent) => {}
                Err(Failure::Broken | Failure::Malformed(_)) => was_open = self.open(&ask, was_open),
                Err(Failure::Late) => {
                    self.load.wrong(format!("no answer to {ask:?}"));
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
                    return self.load.wrong(format!("the service is well, and never answers {ask:?}"));
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
}
