//! Requests beside creates: one that breaks a rule, a replay and a read.

use super::{super::request, Worker};
use crate::{
    client::Failure,
    ledger::{Answer, Group},
};

impl Worker<'_> {
    pub(super) fn ask_for_invalid(&mut self) {
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
            Ok(reply) if self.load.leaves_open(reply.status) => self.outcome.ledger.record(ask, Answer::Open),
            Ok(reply) => self.wrong(&format!("{ask:?} wants 422"), &reply),
            Err(Failure::Unsent) => {}
            Err(_) => self.outcome.ledger.record(ask, Answer::Open),
        }
    }

    /// A create that was answered 201, with its key.
    pub(super) fn repeat(&mut self) {
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
            Ok(reply) if self.load.leaves_open(reply.status) => {}
            Ok(reply) => self.wrong(&format!("the replay of {group:?} is refused"), &reply),
            Err(_) => {}
        }
    }

    pub(super) fn read(&mut self) {
        let Some((_, _, group)) = self.rng.choice(&self.known).cloned() else { return };
        match self.exchange(&request::read(&self.plan.key, &format!("/v1/group/{}", group.id))) {
            Ok(reply) if reply.status == 200 => {
                if serde_json::from_slice::<Group>(&reply.body).ok().as_ref() != Some(&group) {
                    self.wrong(&format!("the read of {group:?} shows another"), &reply);
                }
                self.outcome.tally.read += 1;
            }
            Ok(reply) if self.load.leaves_open(reply.status) => {}
            Ok(reply) => self.wrong(&format!("the read of {group:?} fails"), &reply),
            Err(_) => {}
        }
    }
}
