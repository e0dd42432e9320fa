//! Creates with an Idempotency-Key: the record of the key and the group are committed together.

mod claim;
mod record;

use super::{Create, Outcome, insert};
use crate::{Fault, commit::write::Attempt, connection::AnyConnection};
use claim::Claim;
use gochat_domain::{group::Idempotency, limits::Limits};
use std::collections::HashMap;

/// Stores `creates`, which are sorted by name.
///
/// Inserts the records of all keys first, in the order of the keys. Then inserts all groups, with and without a key,
/// in the order of their names. This lock order avoids deadlocks, whichever key belongs to which name.
pub(super) fn store<'a>(
    connection: &mut AnyConnection,
    creates: &[&'a Create],
    limits: &Limits,
    attempt: Attempt,
) -> Result<Vec<Outcome>, Fault> {
    let claim = |create: &&'a Create| Some(Claim::new(create.idempotency.as_ref()?, &create.group));
    let mut claims: Vec<_> = creates.iter().filter_map(claim).collect();
    // Only the first of several creates with one key makes the claim.
    claims.sort_by_key(|claim| claim.idempotency);
    claims.dedup_by_key(|claim| claim.idempotency);
    record::claim_keys(connection, &mut claims)?;

    let must_store = |create: &Create| match &create.idempotency {
        Some(idempotency) => find(&claims, idempotency).is_some_and(|claim| claim.must_store(&create.group)),
        None => true,
    };
    let groups: Vec<_> =
        creates.iter().filter(|create| must_store(create)).map(|create| &create.group).collect();
    let outcomes = insert(connection, &groups, limits, attempt)?;
    let outcomes: HashMap<_, _> = groups.iter().map(|group| group.uuid).zip(outcomes).collect();

    for claim in &mut claims {
        claim.set_outcome(&outcomes);
    }
    record::finish(connection, &claims)?;
    creates
        .iter()
        .map(|create| {
            let claim = create.idempotency.as_ref().and_then(|idempotency| find(&claims, idempotency));
            match claim {
                Some(claim) => claim.outcome_for(&create.group),
                None => outcomes.get(&create.group.uuid).cloned(),
            }
            .ok_or_else(|| Fault::Unknown("a create has no outcome".to_owned()))
        })
        .collect()
}

/// Returns the claim of a key. `claims` are sorted by key.
fn find<'c, 'a>(claims: &'c [Claim<'a>], idempotency: &Idempotency) -> Option<&'c Claim<'a>> {
    let position = claims.binary_search_by_key(&idempotency, |claim| claim.idempotency).ok()?;
    claims.get(position)
}
