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
use crate::{
    Fault,
    commit::{
        session::{Failure, Session},
        write::{Attempt, Write},
    },
};
use gochat_domain::member::{Joined, Member};
use std::collections::{BTreeSet, HashSet};

/// Commits `joins`, which are the whole batch, and returns their outcomes.
pub(in crate::commit) fn commit(
    session: &mut Session,
    joins: &[&Join],
) -> Result<Vec<<Join as Write>::Outcome>, Failure> {
    let limit = joins.first().map(|join| join.limits.members_per_group).filter(|limit| limit.is_set());
    let mut remembered = session.take_remembered_groups();
    let ids: BTreeSet<_> = joins.iter().map(|join| join.new.group_id).collect();
    let unknown = remembered.unknown(&ids);
    if !unknown.is_empty() {
        session.statement(|connection| remembered.read(connection.postgres()?, &unknown))?;
    }
    let groups = remembered.known(&ids);
    let candidates = candidates(joins, &groups);
    let members: Vec<_> = candidates.iter().copied().flatten().collect();
    let mut stored = HashSet::new();
    if !members.is_empty() {
        session.statement(|connection| {
            let connection = connection.postgres()?;
            stored = match limit {
                Some(limit) => limited_insert::store(connection, &members, &groups, &mut remembered, limit)?,
                None => insert::store(connection, &members, &groups)?,
            };
            Ok(())
        })?;
    }
    let is_stored = |member: &Member| stored.contains(&(member.group_id, member.user_id));
    let new: Vec<_> = candidates.into_iter().map(|candidate| candidate.filter(is_stored)).collect();
    let others: Vec<_> =
        joins.iter().zip(&new).filter(|(_, new)| new.is_none()).map(|(join, _)| *join).collect();
    let mut decided = Vec::new();
    if !others.is_empty() {
        for join in &others {
            remembered.forget(join.new.group_id);
        }
        let transaction = session.transaction(Attempt::First, |connection| {
            decided = Join::store(connection, &others, Attempt::First)?;
            Ok(())
        });
        // The joins of the statement are committed. So the next attempt must be a resend, which still answers them as
        // new.
        transaction.map_err(|failure| match failure {
            Failure::Unreachable(fault) => Failure::ConnectionLost(fault),
            Failure::NotCommitted(fault) if !stored.is_empty() => Failure::ConnectionLost(fault),
            failure => failure,
        })?;
    }
    session.remember_groups(remembered);
    let mut decided = decided.into_iter();
    new.into_iter()
        .map(|new| new.map(|member| Ok(Joined { member, is_new: true })).or_else(|| decided.next()))
        .map(|outcome| {
            outcome.ok_or_else(|| Failure::NotCommitted(Fault::Unknown("a join has no outcome".to_owned())))
        })
        .collect()
}
