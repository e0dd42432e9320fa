//! The beginning and the end of a writer's transaction.

use super::{batch_lock, write::Attempt};
use crate::{
    Fault,
    connection::{AnyConnection, Connector, Role},
    prepared_statement::prepared_statement,
};
use diesel::{
    RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types::Untyped, sqlite::Sqlite,
};

prepared_statement! {
    /// Takes the write lock at once: a transaction that read first could not wait for another writer.
    struct BeginSqlite for SqliteConnection, Sqlite => Untyped;
    "BEGIN IMMEDIATE"
}

prepared_statement! {
    /// Commits on SQLite.
    struct CommitSqlite for SqliteConnection, Sqlite => Untyped;
    "COMMIT"
}

/// SQL that writes a record into PostgreSQL's WAL, so that the commit waits for a synchronous standby.
///
/// A resent write or a replay may find a row whose own commit did not reach the standby, because the wait for it was
/// interrupted. Without this record, a transaction that only finds rows would write nothing and would not wait. On a
/// standby the record is skipped: the standby refuses the writes themselves.
pub(super) const WAIT_FOR_STANDBY: &str =
    "SELECT pg_logical_emit_message(true, 'gochat', 'found') WHERE NOT pg_is_in_recovery()";

/// SQL that limits the wait for locks in the rest of a transaction on PostgreSQL.
///
/// For writes of the service itself: creates wait in the same transaction while such a write waits for a table lock.
pub(super) const SHORT_LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = 50";

/// Begins a transaction.
pub(super) fn begin(
    connection: &mut AnyConnection,
    connector: &Connector,
    attempt: Attempt,
) -> Result<(), Fault> {
    match connection {
        AnyConnection::Sqlite(connection) => BeginSqlite {}.execute(connection).map(drop)?,
        AnyConnection::Postgres(connection) => {
            connection.batch_execute(&begin_postgres(connector, attempt))?;
        }
    }
    Ok(())
}

fn begin_postgres(connector: &Connector, attempt: Attempt) -> String {
    let mut begin = connector.begin_postgres(Role::Writer);
    begin.push_str("; SELECT ");
    begin.push_str(batch_lock::ACQUIRE_SHARED);
    if attempt == Attempt::Resend {
        begin.push_str("; ");
        begin.push_str(WAIT_FOR_STANDBY);
    }
    begin
}

/// Commits the transaction.
pub(super) fn commit(connection: &mut AnyConnection) -> Result<(), Fault> {
    match connection {
        AnyConnection::Sqlite(connection) => CommitSqlite {}.execute(connection).map(drop)?,
        AnyConnection::Postgres(connection) => connection.batch_execute("COMMIT")?,
    }
    Ok(())
}
