//! A create that leaves nothing behind, to find out whether creates can succeed.

use super::{
    batch::Batch,
    lane::Lane,
    write::{Sent, Write},
};
use crate::{
    Fault,
    connection::AnyConnection,
    schema::groups,
    sql_types::{Moment, UuidValue},
};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use gochat_domain::{clock::Timestamp, ports::StorageError};
use std::cmp::Ordering;

/// A trial create. It is committed like any other, so that a full disk or a standby that is away fails it too.
pub(crate) struct Trial {
    pub(crate) at: Timestamp,
}

impl Trial {
    /// Ids of groups begin at 1, so this one is no group's, and it moves no sequence.
    const ID: i64 = 0;

    /// No group has this name, as it has a control character.
    const NAME: &str = "\u{1}trial";
}

impl Write for Trial {
    type Outcome = ();
    type Answer = ();
    type Error = StorageError;

    fn lane(batch: &mut Batch) -> &mut Lane<Self> {
        &mut batch.trials
    }

    fn lock_order(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }

    /// One trial serves all that wait for one.
    fn store(connection: &mut AnyConnection, trials: &[&Self], _: Sent) -> Result<Vec<()>, Fault> {
        if let Some(Self { at }) = trials.first() {
            diesel::insert_into(groups::table)
                .values((
                    groups::id.eq(Self::ID),
                    groups::uuid.eq(UuidValue(at.mint_uuid())),
                    groups::name.eq(Self::NAME),
                    groups::token.eq(Self::NAME),
                    groups::admin_id.eq(1),
                    groups::created_at.eq(Moment(*at)),
                ))
                .execute(connection)?;
            diesel::delete(groups::table.find(Self::ID)).execute(connection)?;
        }
        Ok(vec![(); trials.len()])
    }

    fn answer(self, (): ()) -> Result<(), StorageError> {
        Ok(())
    }
}
