//! Joins in one statement, which is a transaction of its own, on PostgreSQL.
//!
//! The domain decides on groups that the writer remembers, as if they had no members. The statement locks the groups, and
//! stores only the memberships of those that still have the remembered version, and that have room for all of their
//! joins in the batch. So a decision on an old version, or against a limit, stores nothing. All other joins of the batch,
//! including those that will be refused, are decided again in a transaction.

mod columns;
mod insert;
mod limited_insert;

use super::{Join, candidates};
use crate::commit::{
    session::{Failure, Session},
    write::Write,
};
use gochat_domain::member::{Joined, Member};
use std::{
    collections::{BTreeSet, HashSet},
    iter,
};

/// Commits joins in one statement, and returns their outcomes. Joins without one are not committed. `joins` are the whole
/// batch.
pub(in crate::commit) fn commit(
    session: &mut Session,
    joins: &[&Join],
) -> Result<Vec<Option<<Join as Write>::Outcome>>, Failure> {
    let limit = joins.first().map(|join| join.limits.members_per_group).filter(|limit| limit.is_set());
    let ids: BTreeSet<_> = joins.iter().map(|join| join.new.group_id).collect();
    let groups = session.recall_groups(&ids)?;
    let candidates = candidates(joins, &groups);
    let members: Vec<_> = candidates.iter().copied().flatten().collect();
    let mut stored = HashSet::new();
    if !members.is_empty() {
        let mut bounds = session.remembered_groups().bounds(groups.keys());
        session.statement(|connection| {
            let connection = connection.postgres()?;
            stored = match limit {
                Some(limit) => limited_insert::store(connection, &members, &groups, &mut bounds, limit)?,
                None => insert::store(connection, &members, &groups)?,
            };
            Ok(())
        })?;
        session.remembered_groups().set_bounds(bounds);
    }
    let is_stored = |member: &Member| stored.contains(&(member.group_id, member.user_id));
    let new: Vec<_> = candidates.into_iter().map(|candidate| candidate.filter(is_stored)).collect();
    for (join, _) in iter::zip(joins, &new).filter(|(_, new)| new.is_none()) {
        session.remembered_groups().forget(join.new.group_id);
    }
    Ok(new.into_iter().map(|new| new.map(|member| Ok(Joined { member, is_new: true }))).collect())
}
