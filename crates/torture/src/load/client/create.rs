//! Creates, and retries of those whose result is unknown.

use super::{super::request, Worker};
use crate::{
    client::{Failure, Reply},
    ledger::{Answer, CreateRequest, Group},
    wait,
};
use std::{mem, sync::atomic::Ordering, time::Instant};

/// Suffixes of names, as sent and as stored: the stored form is NFC.
const NAME_SUFFIXES: [(&str, &str); 4] =
    [("", ""), ("-e\u{301}", "-\u{e9}"), ("-😀", "-😀"), (" '%_\\", " '%_\\")];

impl Worker<'_> {
    pub(super) fn create_new(&mut self) {
        let name = self.unique();
        let (sent, stored) = NAME_SUFFIXES[self.rng.usize(..NAME_SUFFIXES.len())];
        let request = self.new_request(format!("{name}{stored}"));
        self.create(request, format!("{name}{sent}"), false);
    }

    /// Creates a group with a name that other clients use, too: every four of these creates have the same name.
    pub(super) fn contend(&mut self) {
        let race = self.load.contended_creates.fetch_add(1, Ordering::Relaxed) / 4;
        let name = format!("{}-race-{race}", self.plan.tag);
        let request = self.new_request(name.clone());
        self.create(request, name, true);
    }

    pub(super) fn create_with_taken_name(&mut self) {
        let Some((known, sent, _)) = self.rng.choice(&self.known).cloned() else { return };
        let request = self.new_request(known.name);
        self.create(request, sent, true);
    }

    /// Sends a create, which must be answered 201, or 409 if `may_be_taken`. Repeats it if it could not be sent, or if the result is
    /// unknown and it has an `Idempotency-Key`.
    fn create(&mut self, request: CreateRequest, sent: String, may_be_taken: bool) {
        let bytes = request::create(&self.plan.key, &sent, &request);
        let mut is_unknown = false;
        let mut over_since = None;
        loop {
            let sent_at = Instant::now();
            match self.exchange(&bytes) {
                Ok(reply) if reply.status == 201 => {
                    return self.record_created(request, sent, sent_at, &reply);
                }
                Ok(reply) if reply.status == 409 => {
                    if !may_be_taken {
                        self.record_failure(&format!("{request:?} is refused"), &reply);
                    }
                    self.outcome.tally.taken += 1;
                    return self.outcome.ledger.record(request, Answer::Taken);
                }
                Ok(reply) if self.load.is_inconclusive(reply.status) => {
                    self.record_unknown(&request, &mut is_unknown);
                }
                Ok(reply) => {
                    self.record_failure(&format!("{request:?} is refused"), &reply);
                    self.record_unknown(&request, &mut is_unknown);
                }
                Err(Failure::NotConnected) => {}
                Err(Failure::Broken | Failure::Malformed(_)) => {
                    self.record_unknown(&request, &mut is_unknown);
                }
                Err(Failure::TimedOut) => {
                    self.load.record_failure(format!("no answer to {request:?}"));
                    self.record_unknown(&request, &mut is_unknown);
                }
            }
            // Without a key, the result stays unknown.
            if is_unknown && request.key.is_none() {
                return self.back_off();
            }
            if self.load.is_over.load(Ordering::Relaxed) {
                if !self.load.must_settle.load(Ordering::Relaxed) {
                    return;
                }
                let since: &mut Instant = over_since.get_or_insert_with(Instant::now);
                if since.elapsed() > wait::LIMIT {
                    return self
                        .load
                        .record_failure(format!("the service is healthy, but never answers {request:?}"));
                }
            }
            self.back_off();
        }
    }

    /// Records that the result is unknown, but only once for a request and its retries. `is_unknown` says whether that was done.
    fn record_unknown(&mut self, request: &CreateRequest, is_unknown: &mut bool) {
        if !mem::replace(is_unknown, true) {
            self.outcome.ledger.record(request.clone(), Answer::Unknown);
        }
    }

    fn record_created(&mut self, request: CreateRequest, sent: String, sent_at: Instant, reply: &Reply) {
        let Ok(group) = serde_json::from_slice::<Group>(&reply.body) else {
            return self.record_failure(&format!("the 201 to {request:?} has no group"), reply);
        };
        let acknowledged = (&group.name, &group.token, group.admin_id);
        if acknowledged != (&request.name, &request.token, request.admin_id) {
            self.record_failure(&format!("the 201 to {request:?} has another group"), reply);
        }
        if self.load.nothing_stored_since().is_some_and(|since| sent_at > since) {
            self.record_failure(&format!("{request:?} is answered 201 while nothing can be stored"), reply);
        }
        self.outcome.tally.created += 1;
        self.load.created.fetch_add(1, Ordering::Relaxed);
        self.outcome.ledger.record(request.clone(), Answer::Created(group.clone()));
        self.known.push((request, sent, group));
    }
}
