//! PostgreSQL's connections and transactions, and the limits that it is told.

use super::Role;
use crate::Fault;
use diesel::{
    Connection, PgConnection,
    connection::{CacheSize, SimpleConnection},
};
use std::time::Duration;

/// Has the commit of the transaction flushed to disk where an operator switched that off (`synchronous_commit = off`): a group
/// that was acknowledged must be there after a crash. Every other value stays the operator's.
///
/// It holds for one transaction, so it also holds where each transaction meets another session.
pub(crate) const FLUSH_EACH_COMMIT: &str = "CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END";

/// Opens a connection. Where it keeps its session, the limits are set once; else each transaction sets them.
pub(super) fn open(
    url: &str,
    role: Role,
    timeout: Duration,
    keeps_session: bool,
) -> Result<PgConnection, Fault> {
    let mut connection = PgConnection::establish(url)?;
    if keeps_session {
        connection.batch_execute(&format!(
            "SET default_transaction_isolation = 'read committed'; {}{}",
            limits("SET", timeout),
            if role == Role::Reader { "; SET default_transaction_read_only = on" } else { "" },
        ))?;
    } else {
        connection.set_prepared_statement_cache_size(CacheSize::Disabled);
    }
    Ok(connection)
}

/// The statements that begin a transaction.
///
/// It sees what was committed while it waited for another one, whatever the role or the database would have it do by
/// default: the record of a key is looked up after the transaction that made it is committed.
pub(super) fn begin(role: Role, timeout: Duration) -> String {
    let limits = limits("SET LOCAL", timeout);
    match role {
        Role::Reader => format!("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; {limits}"),
        Role::Writer => {
            format!("BEGIN ISOLATION LEVEL READ COMMITTED; {limits}; SELECT {FLUSH_EACH_COMMIT}")
        }
    }
}

/// A statement that nobody waits for any more ends by itself.
fn limits(set: &str, timeout: Duration) -> String {
    let timeout = timeout.as_millis();
    format!("{set} statement_timeout = {timeout}; {set} lock_timeout = {timeout}")
}
