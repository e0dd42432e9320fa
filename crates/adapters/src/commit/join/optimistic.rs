//! Joins in one statement, which is a transaction of its own, on PostgreSQL.
//!
//! The domain decides on groups that the writer remembers, as if they had no members. The statement locks the groups, and
//! stores only the memberships of those that still have the remembered version, and that have room for all of their
//! joins in the batch. So a decision on an old version, or against a limit, stores nothing. All other joins of the batch,
//! including those that will be refused, are decided again in a transaction.

mod columns;
mod insert;
mod limited_insert;

use super::{Decisions, Join, decide};
use crate::commit::{
    memberships::Memberships,
    session::{Failure, Session},
    write::{Attempt, Write},
};
use gochat_domain::member::Joined;
use std::{
    collections::{BTreeSet, HashSet},
    iter,
};

type Outcome = <Join as Write>::Outcome;

/// Commits joins in one statement, and returns their outcomes. Joins without one are not committed. `joins` are the whole
/// batch.
pub(in crate::commit) fn commit(
    session: &mut Session,
    joins: &[&Join],
) -> Result<Vec<Option<Outcome>>, Failure> {
    let limit = joins.first().map(|join| join.limits.members_per_group).filter(|limit| limit.is_set());
    let ids: BTreeSet<_> = joins.iter().map(|join| join.new.group_id).collect();
    let groups = session.recall_groups(&ids)?;
    let Decisions { outcomes, admitted } =
        decide(joins, &groups, &mut Memberships::default(), Attempt::First);
    let mut stored = HashSet::new();
    if !admitted.is_empty() {
        let mut bounds = session.remembered_groups().bounds(groups.keys());
        session.statement(|connection| {
            let connection = connection.postgres()?;
            stored = match limit {
                Some(limit) => limited_insert::store(connection, &admitted, &groups, &mut bounds, limit)?,
                None => insert::store(connection, &admitted, &groups)?,
            };
            Ok(())
        })?;
        session.remembered_groups().set_bounds(bounds);
    }
    let is_stored = |outcome: &Outcome| {
        outcome.as_ref().is_ok_and(|Joined { member, is_new }| {
            *is_new && stored.contains(&(member.group_id, member.user_id))
        })
    };
    let outcomes: Vec<_> = outcomes.into_iter().map(|outcome| Some(outcome).filter(is_stored)).collect();
    for (join, _) in iter::zip(joins, &outcomes).filter(|(_, outcome)| outcome.is_none()) {
        session.remembered_groups().forget(join.new.group_id);
    }
    Ok(outcomes)
}
