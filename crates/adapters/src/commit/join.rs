//! Joins: users who become members of groups.

pub(super) mod optimistic;

use super::{
    locked_groups,
    memberships::{self, Memberships},
    write::{Attempt, Write},
};
use crate::{Fault, connection::AnyConnection};
use gochat_domain::{
    group::{Group, GroupId},
    limits::Limits,
    member::{Joined, Member, NewMember},
    ports::JoinError,
};
use std::{cmp::Ordering, collections::BTreeMap};

/// A user to make a member.
pub(crate) struct Join {
    pub(crate) new: NewMember,
    pub(crate) limits: Limits,
}

impl Write for Join {
    type Outcome = Result<Joined, JoinError>;
    type Answer = Joined;
    type Error = JoinError;

    fn lock_order(&self, other: &Self) -> Ordering {
        self.new.group_id.cmp(&other.new.group_id)
    }

    fn group_to_lock(&self) -> Option<GroupId> {
        Some(self.new.group_id)
    }

    fn store(
        connection: &mut AnyConnection,
        joins: &[&Self],
        attempt: Attempt,
    ) -> Result<Vec<Self::Outcome>, Fault> {
        let Some(Self { limits, .. }) = joins.first() else { return Ok(Vec::new()) };
        let groups = locked_groups::load(connection, joins.iter().map(|join| join.new.group_id))?;
        // Without a limit, most joins can be decided and stored without reading memberships first. A resent join may have
        // been stored by the first attempt.
        let is_blind = attempt == Attempt::First && !limits.members_per_group.is_set();
        let (mut outcomes, mut stored) = (Vec::new(), Vec::new());
        if is_blind {
            let decisions = decide(joins, &groups, &mut Memberships::default(), attempt);
            stored = memberships::insert(connection, &decisions.admitted)?;
            stored.sort_unstable();
            outcomes = decisions.outcomes;
        }
        let keys = joins.iter().map(|join| join.key());
        let others: Vec<_> = keys.filter(|key| stored.binary_search(key).is_err()).collect();
        if others.is_empty() {
            return Ok(outcomes);
        }
        let mut memberships = Memberships::load(connection, &others, &groups, limits)?;
        let Decisions { outcomes, admitted } = decide(joins, &groups, &mut memberships, attempt);
        if !is_blind {
            memberships::insert(connection, &admitted)?;
        }
        Ok(outcomes)
    }

    /// Pages of the table and of its index.
    fn pages(_: &Self::Outcome) -> usize {
        2
    }

    fn answer(self, outcome: Self::Outcome) -> Result<Joined, JoinError> {
        outcome
    }
}

impl Join {
    fn key(&self) -> memberships::Key {
        (self.new.group_id, self.new.user_id)
    }
}

/// The outcomes of joins, and the memberships that they make.
struct Decisions {
    outcomes: Vec<<Join as Write>::Outcome>,
    admitted: Vec<Member>,
}

/// Decides joins of `groups`, whose stored memberships are `memberships`, one after another.
fn decide(
    joins: &[&Join],
    groups: &BTreeMap<GroupId, Group>,
    memberships: &mut Memberships,
    attempt: Attempt,
) -> Decisions {
    let mut admitted = Vec::new();
    let outcomes = joins
        .iter()
        .map(|join @ Join { new, limits }| {
            let group = groups.get(&new.group_id).ok_or(JoinError::GroupNotFound)?;
            let joined_at = memberships.joined_at(join.key());
            if attempt == Attempt::Resend
                && joined_at == Some(new.joined_at)
                && let Some(member) = group.member(new.user_id, joined_at)
            {
                // The first attempt stored it, even if the group has another token since.
                return Ok(Joined { member, is_new: true });
            }
            let joined = group.join(new, joined_at, memberships.count(new.group_id), limits)?;
            if joined.is_new {
                memberships.add(&joined.member, true);
                admitted.push(joined.member);
            }
            Ok(joined)
        })
        .collect();
    Decisions { outcomes, admitted }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{commit::session::Session, testing::migrated};
    use gochat_domain::{group::GroupToken, testing::at, user::UserId};
    use gochat_test_support::{Backend, run_case};

    #[test]
    fn a_join_that_was_committed_succeeds_when_it_is_resent_after_a_change_of_the_token() {
        run_case([Backend::Postgres], |database| {
            let mut session = Session::open(&migrated(&database)).unwrap();
            database.execute(
                "INSERT INTO groups (id, uuid, name, token, admin_id, created_at)
                 VALUES (1, gen_random_uuid(), 'g', 't', 1, now())",
            )?;
            let new = NewMember {
                group_id: GroupId::new(1)?,
                user_id: UserId::new(2)?,
                token: Some(GroupToken::parse("t")?),
                joined_at: at(100),
            };
            let join = Join { new, limits: Limits::default() };
            let mut store = |attempt| {
                let mut outcomes = Vec::new();
                let work = |connection: &mut AnyConnection| {
                    outcomes = Join::store(connection, &[&join], attempt)?;
                    Ok(())
                };
                session.transaction(attempt, work).unwrap();
                outcomes.pop().unwrap().unwrap()
            };
            let joined = store(Attempt::First);
            assert!(joined.is_new);
            database.execute("UPDATE groups SET token = 'u'")?;
            assert_eq!(store(Attempt::Resend), joined);
            assert_eq!(database.rows("SELECT user_id::text FROM members")?, [["2"]]);
            Ok(())
        });
    }
}
