//! The SQL with which transactions of writes begin.

use crate::{
    commit::{batch_lock, write::Attempt},
    connection::{Connector, Role},
};

/// Returns the SQL that begins a transaction of writes.
pub(super) fn begin(connector: &Connector, attempt: Attempt) -> String {
    let mut begin = connector.begin(Role::Writer);
    if !connector.is_sqlite() {
        begin.push_str("; SELECT ");
        begin.push_str(batch_lock::ACQUIRE_SHARED);
        if attempt == Attempt::Resend {
            begin.push_str("; ");
            begin.push_str(WAIT_FOR_STANDBY);
        }
    }
    begin
}

/// SQL that writes a record into PostgreSQL's WAL, so that the commit waits for a synchronous standby.
///
/// A resent write or a replay may find a row whose own commit did not reach the standby, because the wait for it was
/// interrupted. Without this record, a transaction that only finds rows would write nothing and would not wait. On a
/// standby the record is skipped: the standby refuses the writes themselves.
pub(in crate::commit) const WAIT_FOR_STANDBY: &str =
    "SELECT pg_logical_emit_message(true, 'gochat', 'found') WHERE NOT pg_is_in_recovery()";
