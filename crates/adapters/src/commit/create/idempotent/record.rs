//! The records of Idempotency-Keys.

mod postgres;
mod sqlite;

use super::claim::Claim;
use crate::{
    Fault,
    commit::{create::Outcome, session::WAIT_FOR_STANDBY},
    connection::AnyConnection,
    rows::{self, find_group},
    sql_types::{TimestampSql, TimestampValue, UuidSql, UuidValue},
};
use diesel::{
    Queryable, QueryableByName,
    connection::SimpleConnection,
    sql_types::{BigInt, Binary, Nullable},
};
use gochat_domain::group::{Fingerprint, GroupKey, IdempotencyRecord};

/// A row of `idempotency_keys` but for its key.
#[derive(Queryable, QueryableByName)]
pub(super) struct Row {
    /// NULL where the version before wrote the record, as is `group_id`.
    #[diesel(sql_type = Nullable<Binary>)]
    fingerprint: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    group_id: Option<i64>,
    #[diesel(sql_type = UuidSql)]
    group_uuid: UuidValue,
    #[diesel(sql_type = TimestampSql)]
    created_at: TimestampValue,
}

/// Puts each claim on record, or finds the record that its key has already. `claims` are in the order of their keys.
pub(super) fn claim_keys(connection: &mut AnyConnection, claims: &mut [&mut Claim<'_>]) -> Result<(), Fault> {
    let rows = match connection {
        AnyConnection::Sqlite(connection) => sqlite::claim(connection, claims)?,
        AnyConnection::Postgres(connection) => postgres::claim(connection, claims)?,
    };
    if rows.len() != claims.len() {
        // It was swept since it was found to be there.
        return Err(Fault::Unnamed("an idempotency key has lost its record".to_owned()));
    }
    for (claim, row) in claims.iter_mut().zip(rows) {
        resolve(connection, claim, row)?;
    }
    if let AnyConnection::Postgres(postgres) = connection
        && claims.iter().any(|claim| matches!(claim.outcome, Some(Outcome::Recorded(_))))
    {
        postgres.batch_execute(WAIT_FOR_STANDBY)?;
    }
    Ok(())
}

/// Notes the ids of the groups that were stored, and deletes the records of those that were refused.
pub(super) fn finish(connection: &mut AnyConnection, claims: &[&Claim<'_>]) -> Result<(), Fault> {
    let ours = claims.iter().copied().filter(|claim| claim.is_recorded);
    let (stored, refused): (Vec<_>, Vec<_>) = ours.partition(|claim| claim.stored().is_some());
    match connection {
        AnyConnection::Sqlite(connection) => {
            sqlite::set_group_ids(connection, &stored)?;
            sqlite::delete(connection, &refused)
        }
        AnyConnection::Postgres(connection) => {
            postgres::set_group_ids(connection, &stored)?;
            postgres::delete(connection, &refused)
        }
    }
}

/// Tells from the record whether the claim is the first with its key.
fn resolve(connection: &mut AnyConnection, claim: &mut Claim<'_>, row: Row) -> Result<(), Fault> {
    let Row { fingerprint, group_id, group_uuid: UuidValue(uuid), created_at: TimestampValue(created_at) } =
        row;
    let group_id = group_id.map(rows::group_id).transpose()?;
    if uuid == claim.group.uuid {
        // It has an id already if the claim was committed before the connection was lost.
        (claim.is_recorded, claim.outcome) = (group_id.is_none(), group_id.map(Outcome::Stored));
        return Ok(());
    }
    let recorded = match (fingerprint.map(TryInto::try_into), group_id) {
        (Some(Ok(fingerprint)), Some(id)) => {
            Some(IdempotencyRecord { fingerprint: Fingerprint(fingerprint), id, uuid, created_at })
        }
        (None, _) => legacy_record(connection, uuid)?,
        _ => return Err(Fault::Unknown("the record of an idempotency key is not complete".to_owned())),
    };
    if recorded.is_none() {
        let replaced = match connection {
            AnyConnection::Sqlite(connection) => sqlite::replace_legacy(connection, claim)?,
            AnyConnection::Postgres(connection) => postgres::replace_legacy(connection, claim)?,
        };
        if replaced != 1 {
            // Another instance was faster. Tried again, the claim finds its record.
            return Err(Fault::Unnamed("an idempotency key was used meanwhile".to_owned()));
        }
        claim.is_recorded = true;
    }
    claim.outcome = recorded.map(Outcome::Recorded);
    Ok(())
}

/// The version before recorded the UUID alone, and compared with the group as it is. If that was deleted, the key is free.
fn legacy_record(
    connection: &mut AnyConnection,
    uuid: uuid::Uuid,
) -> Result<Option<IdempotencyRecord>, Fault> {
    let group = find_group(connection, &GroupKey::Uuid(uuid))?;
    Ok(group.map(|group| IdempotencyRecord {
        fingerprint: Fingerprint::of_create(&group.name, &group.token, group.admin_id),
        id: group.id,
        uuid,
        created_at: group.created_at,
    }))
}
