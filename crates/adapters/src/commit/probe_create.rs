//! The probe create: a create that leaves nothing behind, to check that creates succeed.

use super::{
    placeholder::Placeholder,
    write::{Attempt, Write},
};
use crate::{
    Fault,
    connection::AnyConnection,
    schema::groups,
    sql_types::{TimestampValue, UuidValue},
};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use gochat_domain::{clock::Timestamp, ports::StorageError};
use std::cmp::Ordering;

/// A create that is undone in its own transaction. It is committed like any other write, so a full disk or a missing
/// standby fails it too.
pub(crate) struct ProbeCreate {
    pub(crate) at: Timestamp,
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
            let Placeholder { id, uuid } = Placeholder::mint(probe.at);
            // No group can have this name, as names have no control character.
            let name = format!("\u{1}{uuid}");
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
