//! Joins: users who become members of groups.

use super::{
    locked_groups,
    memberships::{self, Memberships},
    write::{Attempt, Write},
};
use crate::{Fault, connection::AnyConnection};
use gochat_domain::{
    group::GroupId,
    limits::Limits,
    member::{Joined, NewMember},
    ports::JoinError,
};
use std::cmp::Ordering;

/// A user to make a member.
pub(crate) struct Join {
    pub(crate) new: NewMember,
    pub(crate) limits: Limits,
}

impl Write for Join {
    type Outcome = Result<Joined, JoinError>;
    type Answer = Joined;
    type Error = JoinError;

    /// Pages of the table and of its index.
    const PAGES: usize = 2;

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
        let keys: Vec<_> = joins.iter().map(|join| (join.new.group_id, join.new.user_id)).collect();
        let mut memberships = Memberships::load(connection, &keys, &groups, limits)?;
        let mut to_store = Vec::new();
        let outcomes = joins
            .iter()
            .map(|Self { new, limits }| {
                let group = groups.get(&new.group_id).ok_or(JoinError::GroupNotFound)?;
                let joined_at = memberships.joined_at((new.group_id, new.user_id));
                let mut joined = group.join(new, joined_at, memberships.count(new.group_id), limits)?;
                if joined.is_new {
                    memberships.add(&joined.member, true);
                    to_store.push(joined.member);
                } else if attempt == Attempt::Resend && joined_at == Some(new.joined_at) {
                    // The first attempt stored it.
                    joined.is_new = true;
                }
                Ok(joined)
            })
            .collect();
        memberships::insert(connection, &to_store)?;
        Ok(outcomes)
    }

    fn answer(self, outcome: Self::Outcome) -> Result<Joined, JoinError> {
        outcome
    }
}
