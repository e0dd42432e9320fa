//! The claim of a create to be the one on record for its Idempotency-Key.

use crate::commit::create::Outcome;
use gochat_domain::group::{Fingerprint, GroupId, Idempotency, IdempotencyRecord, NewGroup};
use std::collections::HashMap;
use uuid::Uuid;

/// A create that claims its key, and the outcome once it is known.
pub(super) struct Claim<'a> {
    pub(super) idempotency: &'a Idempotency,
    pub(super) group: &'a NewGroup,
    pub(super) fingerprint: Fingerprint,
    pub(super) outcome: Option<Outcome>,
    /// Whether the record of the key is this claim's, so that it is completed or deleted.
    pub(super) is_recorded: bool,
}

impl<'a> Claim<'a> {
    /// A claim of which nothing is known yet.
    pub(super) fn new(idempotency: &'a Idempotency, group: &'a NewGroup) -> Self {
        Self { idempotency, group, fingerprint: fingerprint(group), outcome: None, is_recorded: false }
    }

    /// Whether `group` is the claim's, and is to be stored.
    pub(super) fn must_store(&self, group: &NewGroup) -> bool {
        self.outcome.is_none() && self.group.uuid == group.uuid
    }

    /// Takes the outcome of the claim's group from `outcomes`, if it was to be stored.
    pub(super) fn set_outcome(&mut self, outcomes: &HashMap<Uuid, Outcome>) {
        if self.outcome.is_none() {
            self.outcome = outcomes.get(&self.group.uuid).cloned();
        }
    }

    /// The id under which the claim's group was stored.
    pub(super) fn stored(&self) -> Option<GroupId> {
        match self.outcome {
            Some(Outcome::Stored(id)) => Some(id),
            _ => None,
        }
    }

    /// The outcome of a create that has this claim's key: the claim's own, or that of a twin, which asked at the same time.
    pub(super) fn outcome_for(&self, group: &NewGroup) -> Option<Outcome> {
        let is_duplicate = group.uuid != self.group.uuid;
        Some(match self.outcome.clone()? {
            Outcome::Stored(id) if is_duplicate => Outcome::Recorded(self.record(id)),
            Outcome::NameTaken if is_duplicate && fingerprint(group) != self.fingerprint => {
                Outcome::KeyReused
            }
            outcome => outcome,
        })
    }

    fn record(&self, id: GroupId) -> IdempotencyRecord {
        let &NewGroup { uuid, created_at, .. } = self.group;
        IdempotencyRecord { fingerprint: self.fingerprint, id, uuid, created_at }
    }
}

fn fingerprint(group: &NewGroup) -> Fingerprint {
    Fingerprint::of_create(&group.name, &group.token, group.admin_id)
}
