//! PostgreSQL: one statement for all records, with one array for each column.

use super::{super::claim::Claim, Row};
use crate::{
    Fault,
    prepared_statement::prepared_statement,
    sql_types::{TimestampSql, TimestampValue, UuidSql, UuidValue},
};
use diesel::{
    PgConnection, RunQueryDsl,
    pg::Pg,
    sql_query,
    sql_types::{Array, BigInt, Binary, Nullable, Text, Untyped},
};
use gochat_domain::group::GroupId;
use std::borrow::Borrow;

/// Inserts records for the claims whose keys have none, and returns the records of all. If two transactions use one
/// key, the insert of the second waits for the first.
pub(super) fn claim(connection: &mut PgConnection, claims: &[Claim<'_>]) -> Result<Vec<Row>, Fault> {
    let (callers, keys) = primary_keys(claims);
    let insert = Insert {
        callers: &callers,
        keys: &keys,
        fingerprints: claims.iter().map(|claim| claim.fingerprint.0.as_slice()).collect(),
        group_uuids: claims.iter().map(|claim| UuidValue(claim.group.uuid)).collect(),
        created_at: claims.iter().map(|claim| TimestampValue(claim.group.created_at)).collect(),
    };
    insert.execute(connection)?;
    Ok(Load { callers: &callers, keys: &keys }.load(connection)?)
}

prepared_statement! {
    struct Insert<'a> for PgConnection, Pg => Untyped;
    "INSERT INTO idempotency_keys (caller, key, fingerprint, group_uuid, created_at) SELECT * FROM unnest("
    [callers: &'a [UuidValue] as Array<UuidSql>] ", " [keys: &'a [&'a str] as Array<Text>] ", "
    [fingerprints: Vec<&'a [u8]> as Array<Binary>] ", " [group_uuids: Vec<UuidValue> as Array<UuidSql>] ", "
    [created_at: Vec<TimestampValue> as Array<TimestampSql>] ") ON CONFLICT DO NOTHING"
}

prepared_statement! {
    /// With a plain join, PostgreSQL might read the whole table.
    struct Load<'a> for PgConnection, Pg => (Nullable<Binary>, Nullable<BigInt>, UuidSql, TimestampSql);
    "SELECT record.* FROM unnest(" [callers: &'a [UuidValue] as Array<UuidSql>] ", " [keys: &'a [&'a str] as Array<Text>]
    ") WITH ORDINALITY AS given (caller, key, position) CROSS JOIN LATERAL (
        SELECT fingerprint, group_id, group_uuid, created_at FROM idempotency_keys
        WHERE caller = given.caller AND key = given.key LIMIT 1
    ) AS record ORDER BY position"
}

/// Replaces a legacy record by the claim. Returns the number of replaced records.
pub(super) fn replace_legacy(connection: &mut PgConnection, claim: &Claim<'_>) -> Result<usize, Fault> {
    let update = sql_query(
        "UPDATE idempotency_keys SET fingerprint = $3, group_uuid = $4, created_at = $5
         WHERE caller = $1 AND key = $2 AND fingerprint IS NULL",
    )
    .bind::<UuidSql, _>(UuidValue(claim.idempotency.caller.0))
    .bind::<Text, _>(claim.idempotency.key.as_str())
    .bind::<Binary, _>(claim.fingerprint.0.as_slice())
    .bind::<UuidSql, _>(UuidValue(claim.group.uuid))
    .bind::<TimestampSql, _>(TimestampValue(claim.group.created_at));
    Ok(update.execute(connection)?)
}

/// Stores the ids of the created groups.
pub(super) fn set_group_ids(connection: &mut PgConnection, claims: &[&Claim<'_>]) -> Result<(), Fault> {
    if claims.is_empty() {
        return Ok(());
    }
    let (callers, keys) = primary_keys(claims);
    sql_query(
        "UPDATE idempotency_keys SET group_id = given.id
         FROM unnest($1, $2, $3) AS given (caller, key, id)
         WHERE idempotency_keys.caller = given.caller AND idempotency_keys.key = given.key",
    )
    .bind::<Array<UuidSql>, _>(callers)
    .bind::<Array<Text>, _>(keys)
    .bind::<Array<BigInt>, _>(
        claims.iter().filter_map(|claim| claim.stored()).map(GroupId::get).collect::<Vec<_>>(),
    )
    .execute(connection)?;
    Ok(())
}

/// Deletes the records of claims.
pub(super) fn delete(connection: &mut PgConnection, claims: &[&Claim<'_>]) -> Result<(), Fault> {
    if claims.is_empty() {
        return Ok(());
    }
    let (callers, keys) = primary_keys(claims);
    sql_query("DELETE FROM idempotency_keys WHERE (caller, key) IN (SELECT * FROM unnest($1, $2))")
        .bind::<Array<UuidSql>, _>(callers)
        .bind::<Array<Text>, _>(keys)
        .execute(connection)?;
    Ok(())
}

/// The callers and the keys of `claims`.
fn primary_keys<'a>(claims: &[impl Borrow<Claim<'a>>]) -> (Vec<UuidValue>, Vec<&'a str>) {
    claims
        .iter()
        .map(Borrow::borrow)
        .map(|claim| (UuidValue(claim.idempotency.caller.0), claim.idempotency.key.as_str()))
        .unzip()
}
