//! Invalid creates, replays and reads.

use super::{super::request, Worker};
use crate::{
    client::Failure,
    ledger::{Answer, Group},
};

impl Worker<'_> {
    pub(super) fn create_invalid(&mut self) {
        let name = self.unique();
        let mut request = self.new_request(name.clone());
        let sent = match self.rng.u8(..3) {
            0 => {
                request.admin_id = 0;
                name
            }
            1 => {
                request.name = "x".repeat(64) + &name;
                request.name.clone()
            }
            _ => {
                request.name = format!(" {name}");
                request.name.clone()
            }
        };
        match self.exchange(&request::create(&self.plan.key, &sent, &request)) {
            Ok(reply) if reply.status == 422 => {
                self.outcome.tally.refused += 1;
                self.outcome.ledger.record(request, Answer::Refused(422));
            }
            Ok(reply) if self.load.is_inconclusive(reply.status) => {
                self.outcome.ledger.record(request, Answer::Unknown);
            }
            Ok(reply) => self.record_failure(&format!("{request:?} is not answered 422"), &reply),
            Err(Failure::NotConnected) => {}
            Err(_) => self.outcome.ledger.record(request, Answer::Unknown),
        }
    }

    /// Repeats a create that was answered 201, if it has a key.
    pub(super) fn repeat(&mut self) {
        let Some((request, sent, group)) = self.rng.choice(&self.known).cloned() else { return };
        if request.key.is_none() {
            return;
        }
        match self.exchange(&request::create(&self.plan.key, &sent, &request)) {
            Ok(reply) if reply.status == 201 => {
                let is_same =
                    serde_json::from_slice::<Group>(&reply.body).is_ok_and(|replayed| replayed == group);
                if !is_same || reply.header("idempotency-replayed") != Some("true") {
                    let failure = format!(
                        "the replay of {group:?} has a different group, or lacks `Idempotency-Replayed: true`"
                    );
                    self.record_failure(&failure, &reply);
                }
                self.outcome.tally.replayed += 1;
            }
            Ok(reply) if self.load.is_inconclusive(reply.status) => {}
            Ok(reply) => self.record_failure(&format!("the replay of {group:?} is refused"), &reply),
            Err(_) => {}
        }
    }

    pub(super) fn read(&mut self) {
        let Some((_, _, group)) = self.rng.choice(&self.known).cloned() else { return };
        match self.exchange(&request::read(&self.plan.key, &format!("/v1/group/{}", group.id))) {
            Ok(reply) if reply.status == 200 => {
                if serde_json::from_slice::<Group>(&reply.body).ok().as_ref() != Some(&group) {
                    self.record_failure(&format!("the read of {group:?} returned a different group"), &reply);
                }
                self.outcome.tally.read += 1;
            }
            Ok(reply) if self.load.is_inconclusive(reply.status) => {}
            Ok(reply) => self.record_failure(&format!("the read of {group:?} fails"), &reply),
            Err(_) => {}
        }
    }
}
