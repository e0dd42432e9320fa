//! Forgets old Idempotency-Keys.

use crate::{
    Fault,
    connection::AnyConnection,
    pool::Pool,
    schema::idempotency_keys::{self, created_at},
    sql_types::Moment,
};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use gochat_domain::clock::Timestamp;

/// Sweeps the record of Idempotency-Keys.
pub struct IdempotencySweeper {
    pool: Pool,
}

impl IdempotencySweeper {
    /// The most keys that one step forgets, but for those of one moment: it shares the lock of SQLite with the writer.
    pub const STEP: u16 = 500;

    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool }
    }

    /// Forgets some of the keys that were recorded before `moment`, the oldest first. Returns how many it forgot; 0 where
    /// there are none.
    pub async fn sweep(&self, moment: Timestamp) -> Result<usize, Fault> {
        self.pool.run(move |connection| sweep(connection, Moment(moment))).await
    }
}

fn sweep(connection: &mut AnyConnection, moment: Moment) -> Result<usize, Fault> {
    let old = idempotency_keys::table.filter(created_at.lt(moment)).order(created_at).select(created_at);
    let last: Option<Moment> =
        old.offset(i64::from(IdempotencySweeper::STEP) - 1).first(connection).optional()?;
    let oldest = diesel::delete(idempotency_keys::table);
    Ok(match last {
        Some(last) => oldest.filter(created_at.le(last)).execute(connection)?,
        None => oldest.filter(created_at.lt(moment)).execute(connection)?,
    })
}
