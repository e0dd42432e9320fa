//! Changes of groups: new names, tokens and administrators.

mod decisions;
mod names;
pub(super) mod optimistic;
mod rows;

use super::{
    locked_groups,
    write::{Attempt, Write, unknown_outcomes},
};
use crate::{Fault, connection::AnyConnection};
use decisions::Decisions;
use gochat_domain::{
    clock::Timestamp,
    group::{Expected, Group, GroupChange, GroupId},
    limits::Limits,
    ports::ChangeGroupError,
};
use std::cmp::Ordering;

/// A group to change.
pub(crate) struct Change {
    pub(crate) id: GroupId,
    pub(crate) fields: GroupChange,
    pub(crate) expected: Expected,
    pub(crate) moment: Timestamp,
    pub(crate) limits: Limits,
}

impl Write for Change {
    type Outcome = Result<Group, ChangeGroupError>;
    type Answer = Group;
    type Error = ChangeGroupError;

    fn lock_order(&self, other: &Self) -> Ordering {
        self.id.cmp(&other.id)
    }

    fn group_to_lock(&self) -> Option<GroupId> {
        Some(self.id)
    }

    fn store(
        connection: &mut AnyConnection,
        changes: &[&Self],
        attempt: Attempt,
    ) -> Result<Vec<Self::Outcome>, Fault> {
        if attempt == Attempt::Resend {
            return Ok(unknown_outcomes(changes.len()));
        }
        let groups = locked_groups::load(connection, changes.iter().map(|change| change.id))?;
        let mut decisions = Decisions::load(connection, changes, groups)?;
        let outcomes = changes.iter().map(|change| decisions.decide(change)).collect();
        decisions.store(connection)?;
        Ok(outcomes)
    }

    /// Pages of the table, of an index, and of two memberships.
    fn pages(_: &Self::Outcome) -> usize {
        4
    }

    fn answer(self, outcome: Self::Outcome) -> Result<Group, ChangeGroupError> {
        outcome
    }
}
