//! Tests of migrations that run outside a transaction.

use super::fixture::{SHORT_TIMEOUTS, with_fixture};
use crate::migrations::{Limits, MigrateError, postgres::ADVISORY_LOCK};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use gochat_test_support::{Backend, TestDatabase};
use std::{thread, time::Duration};

/// `CREATE INDEX CONCURRENTLY`, marked by `metadata.toml`.
const INDEX: EmbeddedMigrations = embed_migrations!("tests/migrations");

/// The indexes that only the migrations of these tests create, and their validity.
fn indexes(database: &TestDatabase) -> anyhow::Result<Vec<Vec<String>>> {
    database.rows(
        "SELECT indexrelid::regclass::text, indisvalid::text FROM pg_index
         WHERE indrelid = 'groups'::regclass AND indexrelid::regclass::text IN ('groups_created_at', 'unique_admin_id')",
    )
}

/// An insert, for whose transaction an index build must wait.
fn insert(admin_id: i64) -> String {
    format!(
        "INSERT INTO groups (uuid, name, token, admin_id, created_at)
         VALUES (gen_random_uuid(), gen_random_uuid()::text, 't', {admin_id}, now())"
    )
}

#[test]
fn three_instances_build_one_index_despite_an_open_transaction() {
    with_fixture([Backend::Postgres], |fixture| {
        fixture.alter_database("SET statement_timeout = '60s'")?;
        thread::scope(|scope| {
            let mut writer = fixture.hold(&insert(1))?;
            let instances = [(); 3].map(|()| scope.spawn(|| fixture.migrate_to(&INDEX, &SHORT_TIMEOUTS)));
            fixture.wait_for_lock("CREATE INDEX CONCURRENTLY")?;
            assert!(instances.iter().all(|instance| !instance.is_finished()));
            writer.execute("COMMIT")?;
            let mut run = Vec::new();
            for instance in instances {
                run.extend(instance.join().unwrap().1?);
            }
            assert_eq!(run, ["29990101000001"]);
            anyhow::Ok(())
        })?;
        assert_eq!(indexes(&fixture.database)?, [["groups_created_at", "true"]]);
        Ok(())
    });
}

#[test]
fn an_invalid_index_is_rebuilt() {
    with_fixture([Backend::Postgres], |fixture| {
        thread::scope(|scope| {
            let _writer = fixture.hold(&insert(1))?;
            let attempt = scope.spawn(|| {
                fixture.database.execute("CREATE INDEX CONCURRENTLY groups_created_at ON groups (created_at)")
            });
            let pid = fixture.wait_for_lock("CREATE INDEX CONCURRENTLY")?;
            fixture.database.execute(&format!("SELECT pg_terminate_backend({pid})"))?;
            attempt.join().unwrap().unwrap_err();
            anyhow::Ok(())
        })?;
        assert_eq!(indexes(&fixture.database)?, [["groups_created_at", "false"]]);
        fixture.migrate_to(&INDEX, &SHORT_TIMEOUTS).1?;
        assert_eq!(indexes(&fixture.database)?, [["groups_created_at", "true"]]);
        Ok(())
    });
}

#[test]
fn an_orphaned_index_build_is_waited_for() {
    with_fixture([Backend::Postgres], |fixture| {
        thread::scope(|scope| {
            let mut writer = fixture.hold(&insert(1))?;
            let build = "CREATE INDEX CONCURRENTLY groups_created_at ON groups (created_at)";
            // It succeeds, or is the victim of a deadlock.
            scope.spawn(|| fixture.database.execute(build));
            fixture.wait_for_lock("CREATE INDEX CONCURRENTLY")?;
            let instance = scope.spawn(|| fixture.migrate_to(&INDEX, &SHORT_TIMEOUTS));
            fixture.wait_for_lock("DROP INDEX CONCURRENTLY")?;
            writer.execute("COMMIT")?;
            instance.join().unwrap().1?;
            anyhow::Ok(())
        })?;
        assert_eq!(indexes(&fixture.database)?, [["groups_created_at", "true"]]);
        Ok(())
    });
}

#[test]
fn a_long_transaction_is_waited_for_up_to_a_limit() {
    with_fixture([Backend::Postgres], |fixture| {
        let mut writer = fixture.hold(&insert(1))?;
        let limits = Limits {
            instance_wait: SHORT_TIMEOUTS.lock_timeout,
            lock_retries: Duration::ZERO,
            ..SHORT_TIMEOUTS
        };
        let message = fixture.migrate_to(&INDEX, &limits).1.unwrap_err().to_string();
        assert!(message.contains("pg_blocking_pids"), "{message}");
        writer.execute("COMMIT")?;
        fixture.migrate_to(&INDEX, &limits).1?;
        assert_eq!(indexes(&fixture.database)?, [["groups_created_at", "true"]]);
        Ok(())
    });
}

#[test]
fn a_failed_index_build_leaves_nothing_behind() {
    with_fixture([Backend::Postgres], |fixture| {
        fixture.database.execute(&format!("{}; {}", insert(1), insert(1)))?;
        fixture.add(
            "2999-01-01-000001_unique",
            "CREATE UNIQUE INDEX CONCURRENTLY unique_admin_id ON groups (admin_id)",
        )?;
        fixture.mark_no_transaction(
            "2999-01-01-000001_unique",
            "DROP INDEX CONCURRENTLY IF EXISTS unique_admin_id",
        )?;
        let limits = Limits { lock_retries: Duration::ZERO, ..SHORT_TIMEOUTS };
        let message = fixture.migrate(&limits).1.unwrap_err().to_string();
        assert!(message.contains("2999-01-01-000001_unique"), "{message}");
        assert!(indexes(&fixture.database)?.is_empty());
        fixture.database.execute("DELETE FROM groups")?;
        fixture.migrate(&limits).1?;
        assert_eq!(indexes(&fixture.database)?, [["unique_admin_id", "true"]]);
        Ok(())
    });
}

#[test]
fn another_migrating_instance_is_waited_for_up_to_a_limit() {
    with_fixture([Backend::Postgres], |fixture| {
        let mut other = fixture.hold(&format!("SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))?;
        let limits = Limits { instance_wait: Duration::from_millis(300), ..SHORT_TIMEOUTS };
        assert!(matches!(fixture.migrate_to(&INDEX, &limits).1, Err(MigrateError::Busy)));
        other.execute("ROLLBACK")?;
        assert_eq!(fixture.migrate_to(&INDEX, &limits).1?, ["29990101000001"]);
        Ok(())
    });
}
