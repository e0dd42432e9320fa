//! SQLite: a cached statement for each key.

use crate::{
    Fault,
    schema::api_keys,
    sql_types::{TimestampValue, UuidValue},
};
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, RunQueryDsl, SqliteConnection};
use gochat_domain::{auth::KeyId, clock::Timestamp};
use std::collections::BTreeMap;

/// Stores the last uses that are later than the stored ones.
pub(super) fn update(
    connection: &mut SqliteConnection,
    last_uses: &BTreeMap<KeyId, Timestamp>,
) -> Result<(), Fault> {
    for (id, at) in last_uses {
        let at = TimestampValue(*at);
        let is_later = api_keys::last_used_at.is_null().or(api_keys::last_used_at.lt(at));
        diesel::update(api_keys::table.filter(api_keys::id.eq(UuidValue(id.0))).filter(is_later))
            .set(api_keys::last_used_at.eq(at))
            .execute(connection)?;
    }
    Ok(())
}
