//! Deletes of groups.

use super::{
    locked_groups,
    write::{Attempt, Write, unknown_outcomes},
};
use crate::{
    Fault,
    connection::AnyConnection,
    schema::{groups, members},
};
use diesel::{
    ExpressionMethods, QueryDsl, RunQueryDsl, sql_query,
    sql_types::{Array, BigInt},
};
use gochat_domain::{
    group::{Expected, Group, GroupId},
    ports::DeleteGroupError,
};
use std::cmp::Ordering;

/// For PostgreSQL. A plain `sql_query` is planned anew each time. A kept plan, made while no group has memberships,
/// could use the index by user, and each batch of deletes would then read that whole index, however large it is.
const DELETE_MEMBERSHIPS: &str = "DELETE FROM members WHERE group_id = ANY($1)";

/// A group to delete, with its memberships.
pub(crate) struct Delete {
    pub(crate) id: GroupId,
    pub(crate) expected: Expected,
}

impl Write for Delete {
    type Outcome = Result<Group, DeleteGroupError>;
    type Answer = Group;
    type Error = DeleteGroupError;

    /// Pages of the table and of its indexes. Those of the memberships are counted after the delete.
    const PAGES: usize = 4;

    fn lock_order(&self, other: &Self) -> Ordering {
        self.id.cmp(&other.id)
    }

    fn group_to_lock(&self) -> Option<GroupId> {
        Some(self.id)
    }

    fn store(
        connection: &mut AnyConnection,
        deletes: &[&Self],
        attempt: Attempt,
    ) -> Result<Vec<Self::Outcome>, Fault> {
        if attempt == Attempt::Resend {
            return Ok(unknown_outcomes(deletes.len()));
        }
        let mut stored = locked_groups::load(connection, deletes.iter().map(|delete| delete.id))?;
        let mut ids = Vec::new();
        let outcomes = deletes
            .iter()
            .map(|Self { id, expected }| {
                let group = stored.get(id).ok_or(DeleteGroupError::NotFound)?;
                expected.check(group.version)?;
                ids.push(id.get());
                stored.remove(id).ok_or(DeleteGroupError::NotFound)
            })
            .collect();
        match connection {
            AnyConnection::Sqlite(connection) => {
                for id in ids {
                    diesel::delete(members::table.filter(members::group_id.eq(id))).execute(connection)?;
                    diesel::delete(groups::table.find(id)).execute(connection)?;
                }
            }
            AnyConnection::Postgres(connection) => {
                sql_query(DELETE_MEMBERSHIPS).bind::<Array<BigInt>, _>(&ids).execute(connection)?;
                diesel::delete(groups::table.filter(groups::id.eq_any(ids))).execute(connection)?;
            }
        }
        Ok(outcomes)
    }

    fn answer(self, outcome: Self::Outcome) -> Result<Group, DeleteGroupError> {
        outcome
    }
}
