//! The probe create: a create that leaves nothing behind, to check that creates succeed.

use super::write::{Attempt, Write};
use crate::{
    Fault,
    connection::AnyConnection,
    schema::groups,
    sql_types::{TimestampValue, UuidValue},
};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use gochat_domain::{clock::Timestamp, ports::StorageError};
use std::cmp::Ordering;
use uuid::Uuid;

/// A create that is undone in its own transaction. It is committed like any other write, so a full disk or a missing
/// standby fails it too.
pub(crate) struct ProbeCreate {
    pub(crate) at: Timestamp,
}

impl ProbeCreate {
    /// An id and a name that no group can have: ids begin at 1, and names have no control character. They are random,
    /// so instances do not wait for each other.
    fn row(&self) -> (i64, Uuid, String) {
        let uuid = self.at.mint_uuid();
        let (_, random) = uuid.as_u64_pair();
        (-1 - i64::try_from(random >> 2).unwrap_or_default(), uuid, format!("\u{1}{uuid}"))
    }
}

impl Write for ProbeCreate {
    type Outcome = ();
    type Answer = ();
    type Error = StorageError;

    fn lock_order(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }

    /// One insert serves all waiting probes.
    fn store(connection: &mut AnyConnection, probes: &[&Self], _: Attempt) -> Result<Vec<()>, Fault> {
        if let Some(probe) = probes.first() {
            let (id, uuid, name) = probe.row();
            diesel::insert_into(groups::table)
                .values((
                    groups::id.eq(id),
                    groups::uuid.eq(UuidValue(uuid)),
                    groups::name.eq(&name),
                    groups::token.eq(&name),
                    groups::admin_id.eq(1),
                    groups::created_at.eq(TimestampValue(probe.at)),
                ))
                .execute(connection)?;
            diesel::delete(groups::table.find(id)).execute(connection)?;
        }
        Ok(vec![(); probes.len()])
    }

    fn answer(self, (): ()) -> Result<(), StorageError> {
        Ok(())
    }
}
