//! Records of Idempotency-Keys.

mod postgres;
mod sqlite;

use super::claim::Claim;
use crate::{
    Fault,
    commit::{create::Outcome, transaction::WAIT_FOR_STANDBY},
    connection::AnyConnection,
    rows::{self, find_group},
    sql_types::{TimestampValue, UuidValue},
};
use diesel::{Queryable, connection::SimpleConnection};
use gochat_domain::group::{Fingerprint, GroupKey, IdempotencyRecord};

/// A row of `idempotency_keys` without its key.
#[derive(Queryable)]
pub(super) struct Row {
    /// NULL in legacy records, written before the migration `record_first_replies`; so is `group_id`.
    fingerprint: Option<Vec<u8>>,
    group_id: Option<i64>,
    group_uuid: UuidValue,
    created_at: TimestampValue,
}

/// Inserts a record for each claim, or loads the existing record of its key. `claims` are sorted by key.
pub(super) fn claim_keys(connection: &mut AnyConnection, claims: &mut [Claim<'_>]) -> Result<(), Fault> {
    let rows = match connection {
        AnyConnection::Sqlite(connection) => sqlite::claim(connection, claims)?,
        AnyConnection::Postgres(connection) => postgres::claim(connection, claims)?,
    };
    if rows.len() != claims.len() {
        // A sweep deleted the record between the insert and the query. After an `Unnamed` fault the writer commits each
        // lane again, and the claim can insert its own record.
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

/// Completes the records of stored groups with their ids, and deletes those of refused ones.
pub(super) fn finish(connection: &mut AnyConnection, claims: &[Claim<'_>]) -> Result<(), Fault> {
    let ours = claims.iter().filter(|claim| claim.is_recorded);
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

/// Decides by the record whether the claim is the first with its key.
fn resolve(connection: &mut AnyConnection, claim: &mut Claim<'_>, row: Row) -> Result<(), Fault> {
    let Row { fingerprint, group_id, group_uuid: UuidValue(uuid), created_at: TimestampValue(created_at) } =
        row;
    let group_id = group_id.map(rows::group_id).transpose()?;
    if uuid == claim.group.uuid {
        // The record has an id if the claim was committed before the connection was lost.
        (claim.is_recorded, claim.outcome) = (group_id.is_none(), group_id.map(Outcome::Stored));
        return Ok(());
    }
    let recorded = match (fingerprint.map(TryInto::try_into), group_id) {
        (Some(Ok(fingerprint)), Some(id)) => {
            Some(IdempotencyRecord { fingerprint: Fingerprint(fingerprint), id, uuid, created_at })
        }
        (None, _) => legacy_record(connection, uuid)?,
        _ => return Err(Fault::Unknown("the record of an idempotency key is incomplete".to_owned())),
    };
    if recorded.is_none() {
        let replaced = match connection {
            AnyConnection::Sqlite(connection) => sqlite::replace_legacy(connection, claim)?,
            AnyConnection::Postgres(connection) => postgres::replace_legacy(connection, claim)?,
        };
        if replaced != 1 {
            // Another instance has replaced the legacy record. After an `Unnamed` fault the writer commits each lane
            // again, and the claim finds the new record.
            return Err(Fault::Unnamed("an idempotency key was used meanwhile".to_owned()));
        }
        claim.is_recorded = true;
    }
    claim.outcome = recorded.map(Outcome::Recorded);
    Ok(())
}

/// Completes a legacy record, which has only the group's UUID, from the group's current state. Returns `None` if the
/// group was deleted: the key is then free.
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
