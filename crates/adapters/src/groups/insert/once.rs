//! Groups that are stored once for each Idempotency-Key: the record of the key and the group are one savepoint.

use super::{Wish, WishOutcome, insert};
use crate::{
    Fault,
    connection::AnyConnection,
    groups::{reader, writer::Stored},
    schema::idempotency_keys::{self, caller, created_at, group_uuid, key},
    sql_types::{Moment, UuidValue},
};
use diesel::{
    Connection, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl,
    result::{DatabaseErrorKind, Error},
};
use gochat_domain::group::{Group, GroupId, GroupKey, Idempotency};

/// Stores each wish, in one transaction.
///
/// Its first statement writes, so on SQLite it waits for the lock like a `BEGIN IMMEDIATE`.
pub(super) fn insert_all(connection: &mut AnyConnection, wishes: &[Wish]) -> Result<Vec<WishOutcome>, Fault> {
    connection.transaction(|connection| {
        wishes
            .iter()
            .map(|wish| match insert_one(connection, wish) {
                Err(fault @ Fault::Unavailable(_)) => Err(fault),
                outcome => Ok(outcome),
            })
            .collect()
    })
}

/// Why a wish and its group were not put on record.
enum Refusal {
    /// The wish is on record.
    Known,
    NameTaken,
    Fault(Fault),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Fault(error.into())
    }
}

fn insert_one(connection: &mut AnyConnection, wish: &Wish) -> WishOutcome {
    match connection.transaction(|connection| record(connection, wish)) {
        Ok(id) => Ok(Stored::New(id)),
        Err(Refusal::NameTaken) => Ok(Stored::NameTaken),
        Err(Refusal::Fault(fault)) => Err(fault),
        Err(Refusal::Known) => match find(connection, &wish.idempotency)? {
            Some(group) if wish.group.asks_for(&group) => Ok(Stored::Before(Box::new(group))),
            Some(_) => Ok(Stored::KeyReused),
            None => {
                // The group was deleted since, so the record is of nothing.
                diesel::delete(idempotency_keys::table.find(primary_key(&wish.idempotency)))
                    .execute(connection)?;
                insert_one(connection, wish)
            }
        },
    }
}

/// Puts the wish on record before its group: of two at once, PostgreSQL lets the second wait here for the first.
fn record(connection: &mut AnyConnection, wish: &Wish) -> Result<GroupId, Refusal> {
    let (by, called) = primary_key(&wish.idempotency);
    let values = (
        caller.eq(by),
        key.eq(called),
        group_uuid.eq(UuidValue(wish.group.uuid)),
        created_at.eq(Moment(wish.group.created_at)),
    );
    match diesel::insert_into(idempotency_keys::table).values(values).execute(connection) {
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => return Err(Refusal::Known),
        result => result?,
    };
    insert(connection, &wish.group).map_err(Refusal::Fault)?.ok_or(Refusal::NameTaken)
}

/// The group on record.
fn find(connection: &mut AnyConnection, idempotency: &Idempotency) -> Result<Option<Group>, Fault> {
    let record = idempotency_keys::table.find(primary_key(idempotency)).select(group_uuid);
    let Some(UuidValue(uuid)) = record.first(connection).optional()? else { return Ok(None) };
    reader::find(connection, &GroupKey::Uuid(uuid))
}

fn primary_key(idempotency: &Idempotency) -> (UuidValue, &str) {
    (UuidValue(idempotency.caller.0), idempotency.key.as_str())
}
