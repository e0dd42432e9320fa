//! A migration that is marked to run outside a transaction.

use super::scene::{IMPATIENT, Scene};
use crate::migrations::{Limits, MigrateError, postgres::ADVISORY_LOCK};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use gochat_test_support::{Backend, TestDatabase, run_case};
use std::{thread, time::Duration};

/// `CREATE INDEX CONCURRENTLY`, marked by `metadata.toml`.
const INDEX: EmbeddedMigrations = embed_migrations!("tests/migrations");

/// The indexes of groups that no release has, and whether they are valid.
fn indexes(database: &TestDatabase) -> anyhow::Result<Vec<Vec<String>>> {
    database.rows(
        "SELECT indexrelid::regclass::text, indisvalid::text FROM pg_index
         WHERE indrelid = 'groups'::regclass AND indexrelid::regclass::text LIKE '%admin_id'",
    )
}

/// A transaction with it is one that an index has to wait for.
fn insert(admin_id: i64) -> String {
    format!(
        "INSERT INTO groups (uuid, name, token, admin_id, created_at)
         VALUES (gen_random_uuid(), gen_random_uuid()::text, 't', {admin_id}, now())"
    )
}

#[test]
fn three_that_build_an_index_at_once_build_one_while_a_transaction_is_open() {
    run_case([Backend::Postgres], |database| {
        let scene = Scene::on(database)?;
        scene.alter_database("SET statement_timeout = '60s'")?;
        thread::scope(|scope| {
            let mut writer = scene.hold(&insert(1))?;
            let instances = [(); 3].map(|()| scope.spawn(|| scene.migrate_to(&INDEX, &IMPATIENT)));
            scene.wait_for_a_lock("CREATE INDEX CONCURRENTLY")?;
            assert!(instances.iter().all(|instance| !instance.is_finished()));
            writer.execute("COMMIT")?;
            let mut run = Vec::new();
            for instance in instances {
                run.extend(instance.join().unwrap().1?);
            }
            assert_eq!(run, ["29990101000001"]);
            anyhow::Ok(())
        })?;
        assert_eq!(indexes(&scene.database)?, [["groups_admin_id", "true"]]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn an_index_that_was_left_half_built_is_built_anew() {
    run_case([Backend::Postgres], |database| {
        let scene = Scene::on(database)?;
        thread::scope(|scope| {
            let _writer = scene.hold(&insert(1))?;
            let attempt = scope.spawn(|| {
                scene.database.execute("CREATE INDEX CONCURRENTLY groups_admin_id ON groups (admin_id)")
            });
            let pid = scene.wait_for_a_lock("CREATE INDEX CONCURRENTLY")?;
            scene.database.execute(&format!("SELECT pg_terminate_backend({pid})"))?;
            attempt.join().unwrap().unwrap_err();
            anyhow::Ok(())
        })?;
        assert_eq!(indexes(&scene.database)?, [["groups_admin_id", "false"]]);
        scene.migrate_to(&INDEX, &IMPATIENT).1?;
        assert_eq!(indexes(&scene.database)?, [["groups_admin_id", "true"]]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn an_attempt_that_goes_on_without_its_program_is_waited_for() {
    run_case([Backend::Postgres], |database| {
        let scene = Scene::on(database)?;
        thread::scope(|scope| {
            let mut writer = scene.hold(&insert(1))?;
            let build = "CREATE INDEX CONCURRENTLY groups_admin_id ON groups (admin_id)";
            // It ends well, or as the victim of a deadlock.
            scope.spawn(|| scene.database.execute(build));
            scene.wait_for_a_lock("CREATE INDEX CONCURRENTLY")?;
            let instance = scope.spawn(|| scene.migrate_to(&INDEX, &IMPATIENT));
            scene.wait_for_a_lock("DROP INDEX CONCURRENTLY")?;
            writer.execute("COMMIT")?;
            instance.join().unwrap().1?;
            anyhow::Ok(())
        })?;
        assert_eq!(indexes(&scene.database)?, [["groups_admin_id", "true"]]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_transaction_that_does_not_end_is_waited_for_up_to_a_limit() {
    run_case([Backend::Postgres], |database| {
        let scene = Scene::on(database)?;
        let mut writer = scene.hold(&insert(1))?;
        let limits = Limits { turn: IMPATIENT.lock_timeout, locks: Duration::ZERO, ..IMPATIENT };
        let message = scene.migrate_to(&INDEX, &limits).1.unwrap_err().to_string();
        assert!(message.contains("pg_blocking_pids"), "{message}");
        writer.execute("COMMIT")?;
        scene.migrate_to(&INDEX, &limits).1?;
        assert_eq!(indexes(&scene.database)?, [["groups_admin_id", "true"]]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn an_index_that_cannot_be_built_is_not_left_behind() {
    run_case([Backend::Postgres], |database| {
        let scene = Scene::on(database)?;
        scene.database.execute(&format!("{}; {}", insert(1), insert(1)))?;
        scene.add(
            "2999-01-01-000001_unique",
            "CREATE UNIQUE INDEX CONCURRENTLY unique_admin_id ON groups (admin_id)",
        )?;
        scene
            .mark_outside("2999-01-01-000001_unique", "DROP INDEX CONCURRENTLY IF EXISTS unique_admin_id")?;
        let limits = Limits { locks: Duration::ZERO, ..IMPATIENT };
        let message = scene.migrate(&limits).1.unwrap_err().to_string();
        assert!(message.contains("2999-01-01-000001_unique"), "{message}");
        assert!(indexes(&scene.database)?.is_empty());
        scene.database.execute("DELETE FROM groups")?;
        scene.migrate(&limits).1?;
        assert_eq!(indexes(&scene.database)?, [["unique_admin_id", "true"]]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn an_instance_that_is_not_done_is_waited_for_up_to_a_limit() {
    run_case([Backend::Postgres], |database| {
        let scene = Scene::on(database)?;
        let mut other = scene.hold(&format!("SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))?;
        let limits = Limits { turn: Duration::from_millis(300), ..IMPATIENT };
        assert!(matches!(scene.migrate_to(&INDEX, &limits).1, Err(MigrateError::Busy)));
        other.execute("ROLLBACK")?;
        assert_eq!(scene.migrate_to(&INDEX, &limits).1?, ["29990101000001"]);
        Ok(())
    })
    .unwrap();
}
