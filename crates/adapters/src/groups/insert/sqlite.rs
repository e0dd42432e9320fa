//! SQLite: one transaction a batch, one cached statement a row.

use super::{Outcome, group_id};
use crate::{
    Fault,
    schema::groups,
    sql_types::{Moment, UuidValue},
};
use diesel::{ExpressionMethods, OptionalExtension, RunQueryDsl, SqliteConnection, insert_into};
use gochat_domain::group::NewGroup;

/// Stores `groups`. A statement that fails undoes itself alone, so a row that fails leaves the others stored.
pub(super) fn insert(connection: &mut SqliteConnection, groups: &[NewGroup]) -> Result<Vec<Outcome>, Fault> {
    connection.immediate_transaction(|connection| {
        groups
            .iter()
            .map(|group| match insert_one(connection, group) {
                // A full disk or a lost lock is the transaction's fault, not the row's.
                Err(fault @ Fault::Unavailable(_)) => Err(fault),
                outcome => Ok(outcome),
            })
            .collect()
    })
}

fn insert_one(connection: &mut SqliteConnection, group: &NewGroup) -> Outcome {
    insert_into(groups::table)
        .values((
            groups::uuid.eq(UuidValue(group.uuid)),
            groups::name.eq(group.name.as_str()),
            groups::token.eq(group.token.as_str()),
            groups::admin_id.eq(group.admin_id.get()),
            groups::created_at.eq(Moment(group.created_at)),
        ))
        .on_conflict(groups::name)
        .do_nothing()
        .returning(groups::id)
        .get_result(connection)
        .optional()?
        .map(group_id)
        .transpose()
}
