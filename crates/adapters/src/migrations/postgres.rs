//! Runs migrations on PostgreSQL, under a lock that admits one instance at a time.

use super::{Limits, MigrateError, Open, no_transaction, pending, retry::Retry};
use diesel::{
    PgConnection, RunQueryDsl, connection::SimpleConnection, dsl::sql, migration::MigrationSource, pg::Pg,
    select, sql_types::Bool,
};
use std::{sync::Once, time::Instant};

/// The key of the advisory lock under which the schema changes: "gochat" in ASCII.
pub(super) const ADVISORY_LOCK: i64 = 0x676f_6368_6174;

/// Runs the first pending migration of `known`, and returns its version.
pub(super) fn run_next(
    connection: &mut PgConnection,
    known: &impl MigrationSource<Pg>,
    open: Open,
    limits: &Limits,
) -> Result<Option<String>, MigrateError> {
    let (mut instance_retry, mut lock_retry) = (Retry::new(limits.instance_wait), None);
    let reported = Once::new();
    loop {
        match attempt(connection, known, open, limits) {
            Err(MigrateError::Busy) if instance_retry.wait() => reported.call_once(|| {
                tracing::info!("another instance is bringing the schema up to date; waiting for it");
            }),
            Err(MigrateError::Locked(reason))
                if lock_retry.get_or_insert_with(|| Retry::new(limits.lock_retries)).wait() =>
            {
                tracing::warn!(reason, "a migration timed out waiting for a lock, and is retried");
            }
            result => return result,
        }
    }
}

/// Makes one attempt, in a transaction that holds the advisory lock, so that it also works behind a transaction-mode
/// pooler.
///
/// The transaction keeps no snapshot between its statements, as `CREATE INDEX CONCURRENTLY` waits for every older
/// snapshot.
fn attempt(
    connection: &mut PgConnection,
    known: &impl MigrationSource<Pg>,
    open: Open,
    limits: &Limits,
) -> Result<Option<String>, MigrateError> {
    connection.build_transaction().read_committed().run(|connection| {
        // Polled: a statement that waits for the lock would hold a snapshot.
        let lock = format!("pg_try_advisory_xact_lock({ADVISORY_LOCK})");
        if !select(sql::<Bool>(&lock)).get_result(connection)? {
            return Err(MigrateError::Busy);
        }
        set_limits(connection, limits)?;
        let started = Instant::now();
        run_pending(connection, known, open, limits).map_err(|error| match error {
            // Diesel hides SQLSTATE, and the message may be in any language, so the elapsed time decides.
            MigrateError::Failed(reason) if started.elapsed() >= limits.lock_wait_threshold => {
                MigrateError::Locked(reason)
            }
            error => error,
        })
    })
}

/// Runs the first pending migration, while this instance holds the lock.
fn run_pending(
    connection: &mut PgConnection,
    known: &impl MigrationSource<Pg>,
    open: Open,
    limits: &Limits,
) -> Result<Option<String>, MigrateError> {
    let Some(migration) = pending::first(connection, known)? else { return Ok(None) };
    if migration.metadata().run_in_transaction() {
        return Ok(Some(pending::run(connection, &*migration)?));
    }
    // The portal of the previous query keeps its snapshot until this connection runs a simple query.
    connection.batch_execute("SELECT 1")?;
    Ok(Some(no_transaction::run(open()?, &*migration, limits)?))
}

/// Lifts the statement timeout, but limits the wait for a lock, because all readers of the table queue behind it.
fn set_limits(connection: &mut PgConnection, limits: &Limits) -> Result<(), MigrateError> {
    let lock_timeout = limits.lock_timeout.as_millis();
    // `pg_settings` is asked because versions before 17 have no `transaction_timeout`, and `SET` would fail.
    Ok(connection.batch_execute(&format!(
        "SELECT set_config(name, '0', true) FROM pg_settings
         WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout');
         SET LOCAL lock_timeout = {lock_timeout}"
    ))?)
}
