//! Tests of made-up migrations on top of the released schema.

mod fixture;
mod no_transaction;

use super::{LIMITS, Limits, MigrateError};
use fixture::{SHORT_TIMEOUTS, with_fixture};
use gochat_test_support::Backend;
use std::{thread, time::Duration};

#[test]
fn migrations_before_a_failed_one_are_applied_and_reported() {
    with_fixture(Backend::ALL, |fixture| {
        fixture.add("2999-01-01-000001_first", "CREATE TABLE first (id integer)")?;
        fixture.add(
            "2999-01-01-000002_second",
            "CREATE TABLE second (id integer); INSERT INTO nowhere VALUES (1)",
        )?;
        fixture.add("2999-01-01-000003_third", "CREATE TABLE third (id integer)")?;
        // The failure must not count as a lock wait, however slow the machine is.
        let limits = Limits { lock_wait_threshold: Duration::from_secs(60), ..LIMITS };
        let (reported, result) = fixture.migrate(&limits);
        assert_eq!(reported, ["29990101000001"]);
        let message = match result {
            Err(MigrateError::Failed(message)) => message,
            other => panic!("{other:?}"),
        };
        assert!(message.contains("2999-01-01-000002_second") && message.contains("nowhere"), "{message}");
        fixture.database.rows("SELECT id FROM first")?;
        fixture.database.rows("SELECT id FROM second").unwrap_err();

        fixture.add("2999-01-01-000002_second", "CREATE TABLE second (id integer)")?;
        let (reported, result) = fixture.migrate(&LIMITS);
        assert_eq!(reported, ["29990101000002", "29990101000003"]);
        assert_eq!(result?, reported);
        Ok(())
    });
}

#[test]
fn a_newer_instance_that_migrates_further_meanwhile_is_noticed() {
    with_fixture(Backend::ALL, |fixture| {
        fixture.add("2999-01-01-000001_first", "CREATE TABLE first (id integer)")?;
        let go_further = |_: &str| {
            let further = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000002');
                           UPDATE schema_compatibility SET oldest_program = '29990101000002'";
            fixture.database.execute(further).unwrap();
        };
        let result = fixture.migrate_with_progress(&fixture.known(), &SHORT_TIMEOUTS, &go_further);
        assert!(matches!(result, Err(MigrateError::DatabaseNewer { .. })), "{result:?}");
        Ok(())
    });
}

const ALTER: &str = "ALTER TABLE groups ADD COLUMN colour text";

/// Blocks `ALTER TABLE` until the transaction ends.
const READ: &str = "SELECT count(*) FROM groups";

#[test]
fn a_migration_waiting_for_a_lock_lets_readers_pass_between_retries() {
    with_fixture([Backend::Postgres], |fixture| {
        fixture.add("2999-01-01-000001_alter", ALTER)?;
        thread::scope(|scope| {
            let mut long = fixture.hold(READ)?;
            let migration = scope.spawn(|| fixture.migrate(&SHORT_TIMEOUTS));
            let mut reader = fixture.database.plain_sql()?;
            reader.execute("SET statement_timeout = '60s'")?;
            for _ in 0..2 {
                fixture.wait_for_lock("ALTER TABLE")?;
                // Queues behind the migration.
                reader.rows("SELECT name FROM groups")?;
            }
            assert!(!migration.is_finished());
            long.execute("ROLLBACK")?;
            assert_eq!(migration.join().unwrap().1?, ["29990101000001"]);
            Ok(())
        })
    });
}

#[test]
fn a_lock_that_is_never_released_ends_the_retries_with_advice() {
    with_fixture([Backend::Postgres], |fixture| {
        fixture.add("2999-01-01-000001_alter", ALTER)?;
        let limits = Limits { lock_retries: SHORT_TIMEOUTS.lock_timeout, ..SHORT_TIMEOUTS };
        for statement in [READ, "LOCK TABLE __diesel_schema_migrations IN SHARE MODE"] {
            let mut long = fixture.hold(statement)?;
            let message = fixture.migrate(&limits).1.unwrap_err().to_string();
            assert!(message.contains("29990101000001") && message.contains("pg_blocking_pids"), "{message}");
            long.execute("ROLLBACK")?;
        }
        fixture.migrate(&limits).1?;
        Ok(())
    });
}

#[test]
fn a_migration_has_a_lock_timeout_but_no_statement_timeout() {
    with_fixture([Backend::Postgres], |fixture| {
        let timeouts = "SELECT name::text, setting::text FROM pg_settings
                        WHERE name IN ('idle_in_transaction_session_timeout', 'lock_timeout', 'statement_timeout')";
        fixture.add("2999-01-01-000001_see", &format!("CREATE TABLE seen AS {timeouts}"))?;
        fixture.alter_database("SET statement_timeout = '61s'")?;
        fixture.alter_database("SET idle_in_transaction_session_timeout = '62s'")?;
        fixture.migrate(&LIMITS).1?;
        assert_eq!(
            fixture.database.rows("SELECT name, setting FROM seen ORDER BY name")?,
            [
                ["idle_in_transaction_session_timeout", "0"],
                ["lock_timeout", "3000"],
                ["statement_timeout", "0"]
            ]
        );
        Ok(())
    });
}

#[test]
fn a_locked_file_is_waited_for_until_the_busy_timeout() {
    with_fixture([Backend::Sqlite], |fixture| {
        fixture.add("2999-01-01-000001_alter", ALTER)?;
        let mut lock = fixture.database.lock_groups()?;
        let message = fixture.migrate(&LIMITS).1.unwrap_err().to_string();
        assert!(message.contains("database is locked"), "{message}");
        lock.execute("ROLLBACK")?;
        assert_eq!(fixture.migrate(&LIMITS).1?, ["29990101000001"]);
        Ok(())
    });
}
