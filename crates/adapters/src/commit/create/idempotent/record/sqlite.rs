//! SQLite: one statement for each record.

use super::{super::claim::Claim, Row};
use crate::{
    Fault,
    schema::idempotency_keys::{self, caller, created_at, fingerprint, group_id, group_uuid, key},
    sql_types::{TimestampValue, UuidValue},
};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SqliteConnection};
use gochat_domain::group::GroupId;

/// Inserts records for the claims whose keys have none, and returns the records of all. SQLite has one writer, so no record
/// can appear between the query and the insert.
pub(super) fn claim(connection: &mut SqliteConnection, claims: &[Claim<'_>]) -> Result<Vec<Row>, Fault> {
    claims
        .iter()
        .map(|claim| {
            let record = idempotency_keys::table.find(primary_key(claim));
            let existing = record.select((fingerprint, group_id, group_uuid, created_at));
            match existing.get_result(connection).optional()? {
                Some(row) => Ok(row),
                None => insert(connection, claim),
            }
        })
        .collect()
}

fn insert(connection: &mut SqliteConnection, claim: &Claim<'_>) -> Result<Row, Fault> {
    let (caller_id, key_text) = primary_key(claim);
    let row = Row {
        fingerprint: Some(claim.fingerprint.0.to_vec()),
        group_id: None,
        group_uuid: UuidValue(claim.group.uuid),
        created_at: TimestampValue(claim.group.created_at),
    };
    diesel::insert_into(idempotency_keys::table)
        .values((
            caller.eq(caller_id),
            key.eq(key_text),
            fingerprint.eq(&row.fingerprint),
            group_uuid.eq(row.group_uuid),
            created_at.eq(row.created_at),
        ))
        .execute(connection)?;
    Ok(row)
}

/// Replaces a legacy record by the claim. Returns the number of replaced records.
pub(super) fn replace_legacy(connection: &mut SqliteConnection, claim: &Claim<'_>) -> Result<usize, Fault> {
    let record = idempotency_keys::table.find(primary_key(claim));
    Ok(diesel::update(record.filter(fingerprint.is_null()))
        .set((
            fingerprint.eq(claim.fingerprint.0.as_slice()),
            group_uuid.eq(UuidValue(claim.group.uuid)),
            created_at.eq(TimestampValue(claim.group.created_at)),
        ))
        .execute(connection)?)
}

/// Stores the ids of the created groups.
pub(super) fn set_group_ids(connection: &mut SqliteConnection, claims: &[&Claim<'_>]) -> Result<(), Fault> {
    for claim in claims {
        diesel::update(idempotency_keys::table.find(primary_key(claim)))
            .set(group_id.eq(claim.stored().map(GroupId::get)))
            .execute(connection)?;
    }
    Ok(())
}

/// Deletes the records of claims.
pub(super) fn delete(connection: &mut SqliteConnection, claims: &[&Claim<'_>]) -> Result<(), Fault> {
    for claim in claims {
        diesel::delete(idempotency_keys::table.find(primary_key(claim))).execute(connection)?;
    }
    Ok(())
}

fn primary_key<'a>(claim: &Claim<'a>) -> (UuidValue, &'a str) {
    (UuidValue(claim.idempotency.caller.0), claim.idempotency.key.as_str())
}
