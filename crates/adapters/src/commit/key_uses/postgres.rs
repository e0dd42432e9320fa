//! PostgreSQL: skips rows that another transaction has locked. That is a revocation, or another instance that stores uses
//! of the same keys.

use crate::{
    Fault,
    commit::transaction::SHORT_LOCK_TIMEOUT,
    prepared_statement::prepared_statement,
    schema::api_keys,
    sql_types::{TimestampSql, TimestampValue, UuidSql, UuidValue},
};
use diesel::{
    ExpressionMethods, PgConnection, QueryDsl, RunQueryDsl, connection::SimpleConnection, pg::Pg,
    sql_types::Array,
};
use gochat_domain::{auth::KeyId, clock::Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Stores the last uses that are later than the stored ones. Returns the keys that were skipped.
pub(super) fn update(
    connection: &mut PgConnection,
    last_uses: &BTreeMap<KeyId, Timestamp>,
) -> Result<BTreeSet<KeyId>, Fault> {
    connection.batch_execute(SHORT_LOCK_TIMEOUT)?;
    let stored: Vec<(UuidValue, Option<TimestampValue>)> = api_keys::table
        .filter(api_keys::id.eq_any(values(last_uses.keys())))
        .select((api_keys::id, api_keys::last_used_at))
        .for_no_key_update()
        .skip_locked()
        .load(connection)?;
    let stored: BTreeMap<_, _> =
        stored.into_iter().map(|(UuidValue(id), at)| (KeyId(id), at.map(|TimestampValue(at)| at))).collect();
    let is_later =
        |(id, at): &(&KeyId, &Timestamp)| stored.get(id).is_some_and(|stored| *stored < Some(**at));
    let (ids, times): (Vec<_>, _) =
        last_uses.iter().filter(is_later).map(|(id, at)| (UuidValue(id.0), TimestampValue(*at))).unzip();
    if !ids.is_empty() {
        Update { ids: ids.clone(), times, of_ids: ids }.execute(connection)?;
    }
    let missing: Vec<_> = last_uses.keys().filter(|id| !stored.contains_key(id)).collect();
    if missing.is_empty() { Ok(BTreeSet::new()) } else { existing(connection, missing) }
}

prepared_statement! {
    struct Update for PgConnection, Pg => ();
    "UPDATE api_keys SET last_used_at = given.last_used_at
     FROM unnest(" [ids: Vec<UuidValue> as Array<UuidSql>] ", " [times: Vec<TimestampValue> as Array<TimestampSql>]
    ") AS given (id, last_used_at)
     WHERE api_keys.id = given.id AND api_keys.id = ANY(" [of_ids: Vec<UuidValue> as Array<UuidSql>] ")"
}

/// Those of the keys that exist.
fn existing(connection: &mut PgConnection, ids: Vec<&KeyId>) -> Result<BTreeSet<KeyId>, Fault> {
    let existing: Vec<UuidValue> = api_keys::table
        .filter(api_keys::id.eq_any(values(ids.into_iter())))
        .select(api_keys::id)
        .load(connection)?;
    Ok(existing.into_iter().map(|UuidValue(id)| KeyId(id)).collect())
}

fn values<'a>(ids: impl Iterator<Item = &'a KeyId>) -> Vec<UuidValue> {
    ids.map(|id| UuidValue(id.0)).collect()
}
