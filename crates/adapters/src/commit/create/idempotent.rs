//! Creates with an Idempotency-Key: the record of the key and the group are committed together.

mod claim;
mod record;

use super::{Create, Outcome, insert};
use crate::{Fault, commit::write::Attempt, connection::AnyConnection};
use claim::Claim;
use gochat_domain::limits::Limits;
use std::collections::{BTreeMap, HashMap};

/// Stores `creates`, which are sorted by name.
///
/// Inserts the records of all keys first, in the order of the keys. Then inserts all groups, with and without a key,
/// in the order of their names. This lock order avoids deadlocks, whichever key belongs to which name.
pub(super) fn store(
    connection: &mut AnyConnection,
    creates: &[&Create],
    limits: &Limits,
    attempt: Attempt,
) -> Result<Vec<Outcome>, Fault> {
    // Only the first of several creates with one key makes the claim.
    let mut claims = BTreeMap::new();
    for create in creates {
        if let Some(idempotency) = &create.idempotency {
            claims.entry(idempotency).or_insert_with(|| Claim::new(idempotency, &create.group));
        }
    }
    record::claim_keys(connection, &mut claims.values_mut().collect::<Vec<_>>())?;

    let must_store = |create: &Create| match &create.idempotency {
        Some(idempotency) => claims.get(idempotency).is_some_and(|claim| claim.must_store(&create.group)),
        None => true,
    };
    let groups: Vec<_> =
        creates.iter().filter(|create| must_store(create)).map(|create| &create.group).collect();
    let outcomes = insert(connection, &groups, limits, attempt)?;
    let outcomes: HashMap<_, _> = groups.iter().map(|group| group.uuid).zip(outcomes).collect();

    for claim in claims.values_mut() {
        claim.set_outcome(&outcomes);
    }
    record::finish(connection, &claims.values().collect::<Vec<_>>())?;
    creates
        .iter()
        .map(|create| {
            let claim = create.idempotency.as_ref().and_then(|idempotency| claims.get(idempotency));
            match claim {
                Some(claim) => claim.outcome_for(&create.group),
                None => outcomes.get(&create.group.uuid).cloned(),
            }
            .ok_or_else(|| Fault::Unknown("a create has no outcome".to_owned()))
        })
        .collect()
}
