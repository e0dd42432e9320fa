//! Leaves: memberships that end.

use super::{
    locked_groups,
    memberships::{self, Memberships},
    write::{Attempt, Write, unknown_outcomes},
};
use crate::{Fault, connection::AnyConnection};
use gochat_domain::{
    group::GroupId,
    limits::Limits,
    member::{Member, RefusedLeave},
    ports::LeaveError,
    user::UserId,
};
use std::cmp::Ordering;

/// A membership to end.
pub(crate) struct Leave {
    pub(crate) group_id: GroupId,
    pub(crate) user_id: UserId,
}

impl Write for Leave {
    type Outcome = Result<Member, LeaveError>;
    type Answer = Member;
    type Error = LeaveError;

    fn lock_order(&self, other: &Self) -> Ordering {
        self.group_id.cmp(&other.group_id)
    }

    fn group_to_lock(&self) -> Option<GroupId> {
        Some(self.group_id)
    }

    fn store(
        connection: &mut AnyConnection,
        leaves: &[&Self],
        attempt: Attempt,
    ) -> Result<Vec<Self::Outcome>, Fault> {
        if attempt == Attempt::Resend {
            return Ok(unknown_outcomes(leaves.len()));
        }
        let groups = locked_groups::load(connection, leaves.iter().map(|leave| leave.group_id))?;
        let keys: Vec<_> = leaves.iter().map(|leave| (leave.group_id, leave.user_id)).collect();
        let mut memberships = Memberships::load(connection, &keys, &groups, &Limits::default())?;
        let mut to_delete = Vec::new();
        let outcomes = keys
            .into_iter()
            .map(|key @ (group_id, user_id)| {
                let group = groups.get(&group_id).ok_or(RefusedLeave::NotMember)?;
                let member = group.leave(user_id, memberships.joined_at(key))?;
                memberships.remove(key);
                to_delete.push(key);
                Ok(member)
            })
            .collect();
        memberships::delete(connection, &to_delete)?;
        Ok(outcomes)
    }

    /// Pages of the table and of its index.
    fn pages(_: &Self::Outcome) -> usize {
        2
    }

    fn answer(self, outcome: Self::Outcome) -> Result<Member, LeaveError> {
        outcome
    }
}
