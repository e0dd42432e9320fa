//! Claims: creates that want to be the first with their Idempotency-Key.

use crate::commit::create::Outcome;
use gochat_domain::group::{Fingerprint, GroupId, Idempotency, IdempotencyRecord, NewGroup};
use std::collections::HashMap;
use uuid::Uuid;

/// A create that claims its key, with its outcome once known.
pub(super) struct Claim<'a> {
    pub(super) idempotency: &'a Idempotency,
    pub(super) group: &'a NewGroup,
    pub(super) fingerprint: Fingerprint,
    pub(super) outcome: Option<Outcome>,
    /// True if this claim has inserted its record, which must then be completed with the group's id, or deleted.
    pub(super) is_recorded: bool,
}

impl<'a> Claim<'a> {
    /// A claim without an outcome.
    pub(super) fn new(idempotency: &'a Idempotency, group: &'a NewGroup) -> Self {
        Self { idempotency, group, fingerprint: fingerprint(group), outcome: None, is_recorded: false }
    }

    /// Returns true if `group` belongs to the claim and must be stored.
    pub(super) fn must_store(&self, group: &NewGroup) -> bool {
        self.outcome.is_none() && self.group.uuid == group.uuid
    }

    /// Sets the outcome of the claim's group from `outcomes`, if it is not known yet.
    pub(super) fn set_outcome(&mut self, outcomes: &HashMap<Uuid, Outcome>) {
        if self.outcome.is_none() {
            self.outcome = outcomes.get(&self.group.uuid).cloned();
        }
    }

    /// The id of the claim's group, if it was stored.
    pub(super) fn stored(&self) -> Option<GroupId> {
        match self.outcome {
            Some(Outcome::Stored(id)) => Some(id),
            _ => None,
        }
    }

    /// The outcome of a create with this claim's key. The create is either the claim's own or a duplicate in the same
    /// batch.
    pub(super) fn outcome_for(&self, group: &NewGroup) -> Option<Outcome> {
        let is_duplicate = group.uuid != self.group.uuid;
        Some(match self.outcome.clone()? {
            Outcome::Stored(id) if is_duplicate => Outcome::Recorded(self.record(id)),
            Outcome::NameTaken | Outcome::TooManyGroups(_)
                if is_duplicate && fingerprint(group) != self.fingerprint =>
            {
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
