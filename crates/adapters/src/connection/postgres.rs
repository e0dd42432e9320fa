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

/// Opens a connection.
pub(super) fn open(url: &str, prepared_statements: bool) -> Result<PgConnection, Fault> {
    let mut connection = PgConnection::establish(url)?;
    if !prepared_statements {
        connection.set_prepared_statement_cache_size(CacheSize::Disabled);
    }
    Ok(connection)
}

/// Sets the limits of a connection that keeps its session.
pub(super) fn set_limits(connection: &mut PgConnection, role: Role, timeout: Duration) -> Result<(), Fault> {
    let read_only = match role {
        Role::Reader => "; SET default_transaction_read_only = on",
        Role::Writer => "",
    };
    let limits = limits("SET", timeout);
    let set = format!("SET default_transaction_isolation = 'read committed'; {limits}{read_only}");
    Ok(connection.batch_execute(&set)?)
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
    // The last one ends a transaction whose client has vanished, and lets go of its locks.
    format!(
        "{set} statement_timeout = {timeout}; {set} lock_timeout = {timeout}; \
         {set} idle_in_transaction_session_timeout = {timeout}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        connection::{Connector, OpenConnection},
        testing,
    };
    use diesel::{RunQueryDsl, dsl::sql, select, sql_types::Text};
    use gochat_test_support::{Backend, TestDatabase, run_case};

    fn setting(connection: &mut OpenConnection, name: &str) -> anyhow::Result<String> {
        Ok(select(sql::<Text>(&format!("current_setting('{name}')"))).get_result(&mut **connection)?)
    }

    /// Changes a default of the connections that are opened from now on.
    fn alter(database: &TestDatabase, name: &str, value: &str) -> anyhow::Result<()> {
        let called = database.rows("SELECT current_database()::text")?.concat().concat();
        database.execute(&format!("ALTER DATABASE {called} SET {name} = '{value}'"))
    }

    #[test]
    fn synchronous_commit_off_is_overridden_and_other_values_are_kept() {
        run_case([Backend::Postgres], |database| {
            for (set, in_force) in
                [("off", "on"), ("on", "on"), ("local", "local"), ("remote_apply", "remote_apply")]
            {
                alter(&database, "synchronous_commit", set)?;
                let connector = testing::connector(&database);
                let mut writer = connector.open(Role::Writer)?;
                writer.batch_execute(&connector.begin(Role::Writer))?;
                assert_eq!(setting(&mut writer, "synchronous_commit")?, in_force);
                writer.batch_execute("ROLLBACK")?;
                assert_eq!(setting(&mut writer, "synchronous_commit")?, set);
            }
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn the_server_cancels_a_statement_after_the_timeout() {
        run_case([Backend::Postgres], |database| {
            let timeout = Duration::from_millis(200);
            let connector = Connector::new(
                &database.url().parse()?,
                crate::DatabaseOptions { timeout, ..testing::OPTIONS },
            )?;
            for role in [Role::Reader, Role::Writer] {
                let mut connection = connector.open(role)?;
                connection.batch_execute("SELECT pg_sleep(600)").unwrap_err();
                connection.batch_execute(&connector.begin(role))?;
                connection.batch_execute("SELECT pg_sleep(600)").unwrap_err();
                connection.batch_execute("ROLLBACK")?;
            }
            Ok(())
        })
        .unwrap();
    }
}
