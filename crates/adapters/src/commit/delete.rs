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
/// could use the index by user, and until the next ping each batch of deletes would read that whole index.
const DELETE_MEMBERSHIPS: &str = "DELETE FROM members WHERE group_id = ANY($1)";

/// A group to delete, with its memberships.
pub(crate) struct Delete {
    pub(crate) id: GroupId,
    pub(crate) expected: Expected,
}

/// A deleted group.
pub(crate) struct Deleted {
    group: Group,
    /// Number of its memberships. Counted only on SQLite, where [`Delete::pages`] is used.
    memberships: usize,
}

impl Write for Delete {
    type Outcome = Result<Deleted, DeleteGroupError>;
    type Answer = Group;
    type Error = DeleteGroupError;

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
        let mut outcomes: Vec<Self::Outcome> = deletes
            .iter()
            .map(|Self { id, expected }| {
                let group = stored.get(id).ok_or(DeleteGroupError::NotFound)?;
                expected.check(group.version)?;
                let group = stored.remove(id).ok_or(DeleteGroupError::NotFound)?;
                Ok(Deleted { group, memberships: 0 })
            })
            .collect();
        let to_delete = outcomes.iter_mut().flatten();
        match connection {
            AnyConnection::Sqlite(connection) => {
                for Deleted { group, memberships } in to_delete {
                    let id = group.id.get();
                    *memberships = diesel::delete(members::table.filter(members::group_id.eq(id)))
                        .execute(connection)?;
                    diesel::delete(groups::table.find(id)).execute(connection)?;
                }
            }
            AnyConnection::Postgres(connection) => {
                let ids: Vec<_> = to_delete.map(|deleted| deleted.group.id.get()).collect();
                sql_query(DELETE_MEMBERSHIPS).bind::<Array<BigInt>, _>(&ids).execute(connection)?;
                diesel::delete(groups::table.filter(groups::id.eq_any(ids))).execute(connection)?;
            }
        }
        Ok(outcomes)
    }

    /// Pages of the table and of its indexes, and one for each membership: those of a group are together in the table, but
    /// anywhere in the index by user.
    fn pages(outcome: &Self::Outcome) -> usize {
        outcome.as_ref().map_or(0, |deleted| 4 + deleted.memberships)
    }

    fn answer(self, outcome: Self::Outcome) -> Result<Group, DeleteGroupError> {
        outcome.map(|deleted| deleted.group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{commit::session::Session, testing::migrated};
    use gochat_test_support::TestDatabase;

    #[test]
    fn deleted_memberships_count_as_pages() {
        let database = TestDatabase::sqlite().unwrap();
        let mut session = Session::open(&migrated(&database)).unwrap();
        let rows = "INSERT INTO groups (id, uuid, name, token, admin_id, created_at) VALUES (1, randomblob(16), 'g', 't', 1, 0);
                    WITH RECURSIVE users (id) AS (SELECT 2 UNION ALL SELECT id + 1 FROM users LIMIT 1000)
                    INSERT INTO members (group_id, user_id, joined_at) SELECT 1, id, 0 FROM users";
        database.execute(rows).unwrap();
        let delete = Delete { id: GroupId::new(1).unwrap(), expected: Expected::Any };
        let mut outcomes = Vec::new();
        let stored = session.transaction(Attempt::First, |connection| {
            outcomes = Delete::store(connection, &[&delete], Attempt::First)?;
            Ok(())
        });
        assert!(stored.is_ok());
        assert_eq!(Delete::pages(&outcomes[0]), 4 + 1000);
    }
}
