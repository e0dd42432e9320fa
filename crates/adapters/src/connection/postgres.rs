//! PostgreSQL connections and transactions, and their settings.

use super::Role;
use crate::{Fault, database_url::ConnectionString};
use diesel::{
    Connection, PgConnection,
    connection::{CacheSize, SimpleConnection},
};
use std::time::Duration;

/// Overrides `synchronous_commit = off` for the transaction, as an acknowledged group must survive a crash. Other
/// values are the operator's choice.
///
/// It applies to one transaction, so it also works behind a transaction-mode pooler.
pub(crate) const FLUSH_EACH_COMMIT: &str = "CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END";

/// A ping, after which each statement is planned anew, for the present sizes of the tables. While a table has no pages and
/// `ANALYZE` has seen that, all its indexes cost the same. A plan that is made then may read the whole of an index that does
/// not begin with the column it searches for, and PostgreSQL would keep it as the table grows, until `ANALYZE` runs again.
///
/// Behind a transaction-mode pooler, it reaches one of the pooler's connections.
pub(super) const DISCARD_PLANS: &str = "DISCARD PLANS";

/// Opens a connection.
pub(super) fn open(url: &ConnectionString, prepared_statements: bool) -> Result<PgConnection, Fault> {
    let mut connection = url.connect()?;
    if !prepared_statements {
        connection.set_prepared_statement_cache_size(CacheSize::Disabled);
    }
    Ok(connection)
}

/// Sets the settings and the transaction defaults of a connection whose session settings persist.
pub(super) fn set_session_defaults(
    connection: &mut PgConnection,
    role: Role,
    timeout: Duration,
) -> Result<(), Fault> {
    let of_reader = match role {
        Role::Reader => "; SET default_transaction_read_only = on",
        Role::Writer => "",
    };
    let settings = settings("SET", timeout);
    let set = format!("SET default_transaction_isolation = 'read committed'; {settings}{of_reader}");
    Ok(connection.batch_execute(&set)?)
}

/// Returns the SQL that begins a transaction, with settings for this timeout if the session does not keep its own.
///
/// `READ COMMITTED` is set explicitly, overriding the defaults of the role and the database: a statement must see
/// what was committed while it waited, such as the record of an Idempotency-Key.
pub(super) fn begin(role: Role, timeout: Option<Duration>) -> String {
    let settings = timeout.map(|timeout| settings("SET LOCAL", timeout) + "; ").unwrap_or_default();
    match role {
        Role::Reader => format!("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; {settings}"),
        Role::Writer => {
            format!("BEGIN ISOLATION LEVEL READ COMMITTED; {settings}SELECT {FLUSH_EACH_COMMIT}")
        }
    }
}

/// Returns SQL that sets the timeouts of abandoned statements, and how statements are planned.
///
/// Each statement reads few rows, by an index. For a table that is empty, PostgreSQL would plan to read it whole, and a
/// prepared statement keeps its plan for some time, while the table grows.
///
/// PostgreSQL does not know the limit of a page, or the length of an array, in a plan that it keeps. Such a plan looks so
/// costly that it would plan most pages anew, which takes longer than reading them. And PostgreSQL would compile a statement
/// whose estimated cost is high (JIT), which takes milliseconds.
fn settings(set: &str, timeout: Duration) -> String {
    let timeout = timeout.as_millis().to_string();
    let settings = [
        ("statement_timeout", timeout.as_str()),
        ("lock_timeout", &timeout),
        // Ends a transaction whose client has vanished, and releases its locks.
        ("idle_in_transaction_session_timeout", &timeout),
        ("enable_seqscan", "off"),
        ("enable_bitmapscan", "off"),
        ("plan_cache_mode", "force_generic_plan"),
        ("jit", "off"),
    ];
    settings.map(|(name, value)| format!("{set} {name} = {value}")).join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        connection::{Connector, OpenConnection},
        testing,
    };
    use diesel::{
        RunQueryDsl,
        dsl::sql,
        select,
        sql_types::{BigInt, Text},
    };
    use gochat_test_support::{Backend, TestDatabase, run_case};

    fn setting(connection: &mut OpenConnection, name: &str) -> anyhow::Result<String> {
        Ok(select(sql::<Text>(&format!("current_setting('{name}')"))).get_result(&mut **connection)?)
    }

    /// Changes a default for new connections.
    fn alter(database: &TestDatabase, name: &str, value: &str) -> anyhow::Result<()> {
        let database_name = database.rows("SELECT current_database()::text")?.concat().concat();
        database.execute(&format!("ALTER DATABASE {database_name} SET {name} = '{value}'"))
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
                writer.batch_execute(&connector.begin_postgres(Role::Writer))?;
                assert_eq!(setting(&mut writer, "synchronous_commit")?, in_force);
                writer.batch_execute("ROLLBACK")?;
                assert_eq!(setting(&mut writer, "synchronous_commit")?, set);
            }
            Ok(())
        });
    }

    #[test]
    fn the_plans_of_pages_are_kept() {
        run_case([Backend::Postgres], |database| {
            database.execute(
                "CREATE TABLE numbers AS SELECT generate_series(1, 10000) AS number;
                 CREATE INDEX by_number ON numbers (number);
                 ANALYZE numbers",
            )?;
            let mut reader = testing::connector(&database).open(Role::Reader)?;
            let page = "SELECT FROM numbers WHERE number > $1 ORDER BY number LIMIT $2";
            reader.batch_execute(&format!("PREPARE page (int, int) AS {page}"))?;
            for after in 0..8 {
                reader.batch_execute(&format!("EXECUTE page ({after}, 100)"))?;
            }
            let new_plans =
                sql::<BigInt>("(SELECT custom_plans FROM pg_prepared_statements WHERE name = 'page')");
            assert_eq!(select(new_plans).get_result::<i64>(&mut *reader)?, 0);
            Ok(())
        });
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
                connection.batch_execute(&connector.begin_postgres(role))?;
                connection.batch_execute("SELECT pg_sleep(600)").unwrap_err();
                connection.batch_execute("ROLLBACK")?;
            }
            Ok(())
        });
    }
}
