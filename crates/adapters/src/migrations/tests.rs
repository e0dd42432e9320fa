//! Migrations that no release ships, on the schema that this one does.

mod outside;
mod scene;

use super::{LIMITS, Limits, MigrateError};
use gochat_test_support::{Backend, run_case};
use scene::{IMPATIENT, Scene};
use std::{thread, time::Duration};

#[test]
fn migrations_before_one_that_fails_are_in_effect_and_told() {
    run_case(Backend::ALL, |database| {
        let scene = Scene::on(database)?;
        scene.add("2999-01-01-000001_first", "CREATE TABLE first (id integer)")?;
        scene.add(
            "2999-01-01-000002_second",
            "CREATE TABLE second (id integer); INSERT INTO nowhere VALUES (1)",
        )?;
        scene.add("2999-01-01-000003_third", "CREATE TABLE third (id integer)")?;
        // However slow the machine is, this was no wait.
        let limits = Limits { shortest_wait: Duration::from_secs(60), ..LIMITS };
        let (told, result) = scene.migrate(&limits);
        assert_eq!(told, ["29990101000001"]);
        let message = match result {
            Err(MigrateError::Failed(message)) => message,
            other => panic!("{other:?}"),
        };
        assert!(message.contains("2999-01-01-000002_second") && message.contains("nowhere"), "{message}");
        scene.database.rows("SELECT id FROM first")?;
        scene.database.rows("SELECT id FROM second").unwrap_err();

        scene.add("2999-01-01-000002_second", "CREATE TABLE second (id integer)")?;
        let (told, result) = scene.migrate(&LIMITS);
        assert_eq!(told, ["29990101000002", "29990101000003"]);
        assert_eq!(result?, told);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_newer_instance_that_goes_further_meanwhile_is_noticed() {
    run_case(Backend::ALL, |database| {
        let scene = Scene::on(database)?;
        scene.add("2999-01-01-000001_first", "CREATE TABLE first (id integer)")?;
        let go_further = |_: &str| {
            let further = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000002');
                           UPDATE schema_compatibility SET oldest_program = '29990101000002'";
            scene.database.execute(further).unwrap();
        };
        let result = scene.migrate_while(&scene.known(), &IMPATIENT, &go_further);
        assert!(matches!(result, Err(MigrateError::DatabaseNewer { .. })), "{result:?}");
        Ok(())
    })
    .unwrap();
}

const ALTER: &str = "ALTER TABLE groups ADD COLUMN colour text";

/// Keeps the groups from being altered while the transaction goes on.
const READ: &str = "SELECT count(*) FROM groups";

#[test]
fn a_migration_that_waits_for_a_lock_gives_up_its_place_between_tries() {
    run_case([Backend::Postgres], |database| {
        let scene = Scene::on(database)?;
        scene.add("2999-01-01-000001_alter", ALTER)?;
        thread::scope(|scope| {
            let mut long = scene.hold(READ)?;
            let migration = scope.spawn(|| scene.migrate(&IMPATIENT));
            let mut reader = scene.database.plain_sql()?;
            reader.execute("SET statement_timeout = '60s'")?;
            for _ in 0..2 {
                scene.wait_for_a_lock("ALTER TABLE")?;
                // Queues behind the migration.
                reader.rows("SELECT name FROM groups")?;
            }
            assert!(!migration.is_finished());
            long.execute("ROLLBACK")?;
            assert_eq!(migration.join().unwrap().1?, ["29990101000001"]);
            Ok(())
        })
    })
    .unwrap();
}

#[test]
fn a_lock_that_is_not_let_go_ends_the_tries_with_what_helps() {
    run_case([Backend::Postgres], |database| {
        let scene = Scene::on(database)?;
        scene.add("2999-01-01-000001_alter", ALTER)?;
        let limits = Limits { locks: IMPATIENT.lock_timeout, ..IMPATIENT };
        for statement in [READ, "LOCK TABLE __diesel_schema_migrations IN SHARE MODE"] {
            let mut long = scene.hold(statement)?;
            let message = scene.migrate(&limits).1.unwrap_err().to_string();
            assert!(message.contains("29990101000001") && message.contains("pg_blocking_pids"), "{message}");
            long.execute("ROLLBACK")?;
        }
        scene.migrate(&limits).1?;
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_migration_has_a_limit_for_locks_and_none_for_its_work() {
    run_case([Backend::Postgres], |database| {
        let scene = Scene::on(database)?;
        let timeouts = "SELECT name::text, setting::text FROM pg_settings
                        WHERE name IN ('idle_in_transaction_session_timeout', 'lock_timeout', 'statement_timeout')";
        scene.add("2999-01-01-000001_see", &format!("CREATE TABLE seen AS {timeouts}"))?;
        scene.alter_database("SET statement_timeout = '61s'")?;
        scene.alter_database("SET idle_in_transaction_session_timeout = '62s'")?;
        scene.migrate(&LIMITS).1?;
        assert_eq!(
            scene.database.rows("SELECT name, setting FROM seen ORDER BY name")?,
            [["idle_in_transaction_session_timeout", "0"], ["lock_timeout", "3000"], ["statement_timeout", "0"]]
        );
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_file_that_is_locked_is_waited_for_as_long_as_the_busy_timeout_says() {
    run_case([Backend::Sqlite], |database| {
        let scene = Scene::on(database)?;
        scene.add("2999-01-01-000001_alter", ALTER)?;
        let mut lock = scene.database.lock_groups()?;
        let message = scene.migrate(&LIMITS).1.unwrap_err().to_string();
        assert!(message.contains("database is locked"), "{message}");
        lock.execute("ROLLBACK")?;
        assert_eq!(scene.migrate(&LIMITS).1?, ["29990101000001"]);
        Ok(())
    })
    .unwrap();
}
