//! Groups that are stored once for each Idempotency-Key: the record of the key and the group are one transaction.

use super::{Wish, WishOutcome, insert};
use crate::{
    Fault,
    connection::AnyConnection,
    groups::{reader, writer::Stored},
    schema::idempotency_keys::{self, caller, created_at, group_uuid, key},
    sql_types::{Moment, UuidValue},
};
use diesel::{Connection, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use gochat_domain::group::{Group, GroupKey, Idempotency};

/// Stores each wish, in one transaction: first the records of all keys in the order of the keys, then the groups in the
/// order of their names. So no two transactions wait for each other in a circle, whichever key goes with which name.
///
/// Its first statement writes, so on SQLite it waits for the lock like a `BEGIN IMMEDIATE`.
pub(super) fn insert_all(connection: &mut AnyConnection, wishes: &[Wish]) -> Result<Vec<WishOutcome>, Fault> {
    connection.transaction(|connection| {
        let mut by_key: Vec<_> = wishes.iter().enumerate().collect();
        by_key.sort_by_key(|(_, wish)| (wish.idempotency.caller.0, wish.idempotency.key.as_str()));
        let mut is_new = vec![false; wishes.len()];
        for (at, wish) in by_key {
            is_new[at] = record(connection, wish)?;
        }
        wishes
            .iter()
            .zip(is_new)
            .map(|(wish, is_new)| match settle(connection, wish, is_new) {
                Err(fault @ Fault::Unavailable(_)) => Err(fault),
                outcome => Ok(outcome),
            })
            .collect()
    })
}

/// Puts the wish on record, unless it is: of two at once, PostgreSQL lets the second wait here for the first.
fn record(connection: &mut AnyConnection, wish: &Wish) -> Result<bool, Fault> {
    let (by, called) = primary_key(&wish.idempotency);
    let values = (
        caller.eq(by),
        key.eq(called),
        group_uuid.eq(UuidValue(wish.group.uuid)),
        created_at.eq(Moment(wish.group.created_at)),
    );
    let insert = diesel::insert_into(idempotency_keys::table).values(values).on_conflict_do_nothing();
    let recorded = match connection {
        AnyConnection::Sqlite(connection) => insert.execute(connection)?,
        AnyConnection::Postgres(connection) => insert.execute(connection)?,
    };
    Ok(recorded == 1)
}

/// Stores the group of a wish that is new, or finds the group of one that was on record.
fn settle(connection: &mut AnyConnection, wish: &Wish, is_new: bool) -> WishOutcome {
    if is_new {
        return store(connection, wish);
    }
    match find(connection, &wish.idempotency)? {
        Some(group) if wish.group.asks_for(&group) => Ok(Stored::Before(Box::new(group))),
        Some(_) => Ok(Stored::KeyReused),
        None => {
            // The group was deleted since, so the record is of nothing.
            forget(connection, &wish.idempotency)?;
            let is_new = record(connection, wish)?;
            settle(connection, wish, is_new)
        }
    }
}

/// Stores the group of a wish that was put on record for it. What is refused stays on no record.
fn store(connection: &mut AnyConnection, wish: &Wish) -> WishOutcome {
    match connection.transaction(|connection| insert(connection, &wish.group)) {
        Ok(Some(id)) => Ok(Stored::New(id)),
        Err(fault @ Fault::Unavailable(_)) => Err(fault),
        refused => {
            forget(connection, &wish.idempotency)?;
            refused.map(|_| Stored::NameTaken)
        }
    }
}

fn forget(connection: &mut AnyConnection, idempotency: &Idempotency) -> Result<(), Fault> {
    diesel::delete(idempotency_keys::table.find(primary_key(idempotency))).execute(connection)?;
    Ok(())
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
