//! Tests of error classification on a PostgreSQL server with German messages, on which the text cannot be matched.

use crate::{
    DatabaseCase,
    subject::{ONE_WRITER, OPTIONS, Subject},
};
use futures_util::FutureExt;
use gochat_adapters::DatabaseOptions;
use gochat_domain::testing::new_group;
use gochat_domain::{
    group::GroupKey,
    ports::{CreateGroupError, StorageError},
};
use gochat_test_support::{Cluster, TestDatabase, cases, deadline};
use std::time::Duration;

pub fn postgres_cases() -> Vec<DatabaseCase> {
    cases![
        a_lock_timeout_is_unavailable,
        a_cancelled_statement_is_unavailable,
        a_full_disk_is_unavailable,
        a_constraint_violation_is_an_unknown_error,
    ]
}

const SHORT_TIMEOUT: DatabaseOptions = DatabaseOptions { timeout: Duration::from_secs(1), ..OPTIONS };

/// A server with German messages, and a subject on it.
fn german(options: DatabaseOptions) -> anyhow::Result<(Cluster, Subject)> {
    let cluster = Cluster::with(Cluster::FAST).set("lc_messages", "de_DE.UTF-8").start()?;
    let subject = Subject::with(cluster.database()?, options, ONE_WRITER)?;
    let fault = subject.database().rows("SELECT nothing").unwrap_err();
    assert!(
        format!("{fault:#}").contains("existiert nicht"),
        "the server's messages are not German: {fault:#}"
    );
    Ok((cluster, subject))
}

/// The message of a transient error.
fn unavailable<T: std::fmt::Debug>(answer: Result<T, CreateGroupError>) -> String {
    match answer {
        Err(CreateGroupError::Storage(StorageError::Unavailable(cause))) => cause.to_string(),
        answer => panic!("{answer:?}"),
    }
}

fn a_lock_timeout_is_unavailable(_: TestDatabase) -> anyhow::Result<()> {
    let (_cluster, subject) = german(SHORT_TIMEOUT)?;
    let stored = subject.create(new_group("g"))?;
    let mut lock = subject.database().lock_groups()?;
    let text = unavailable(subject.create(new_group("h")));
    assert!(text.contains("Zeitüberschreitung"), "{text}");
    let refused = subject.run(subject.reader.find(&GroupKey::Id(stored.id)));
    assert!(matches!(refused, Err(StorageError::Unavailable(_))), "{refused:?}");
    lock.execute("ROLLBACK")?;
    assert!(subject.create(new_group("h")).is_ok());
    Ok(())
}

fn a_cancelled_statement_is_unavailable(_: TestDatabase) -> anyhow::Result<()> {
    let (_cluster, subject) = german(OPTIONS)?;
    let _lock = subject.database().lock_groups()?;
    let mut admin = subject.database().plain_sql()?;
    let text = subject.run(async {
        let mut create = subject.groups.create(new_group("g"), None);
        assert!(futures_util::poll!(&mut create).is_pending());
        // The create is tried twice: in its batch, and in its lane.
        let cancel = "SELECT pg_cancel_backend(pid)::text FROM pg_stat_activity
                      WHERE datname = current_database() AND wait_event_type = 'Lock'";
        unavailable(deadline::eventually("the create ends", || {
            admin.rows(cancel).unwrap();
            (&mut create).now_or_never()
        }))
    });
    assert!(text.contains("storniere"), "{text}");
    Ok(())
}

fn a_full_disk_is_unavailable(_: TestDatabase) -> anyhow::Result<()> {
    let (cluster, subject) = german(OPTIONS)?;
    subject.create(new_group("g"))?;
    // Makes the table larger than a WAL segment: if a segment could not grow, the server would crash.
    let mut admin = subject.database().plain_sql()?;
    admin.execute(
        "INSERT INTO groups (uuid, name, token, admin_id, created_at)
         SELECT gen_random_uuid(), lpad(number::text, 63, 'x'), repeat('t', 63), 1, now()
         FROM generate_series(1, 120000) number",
    )?;
    let limit: u64 = admin.rows("SELECT pg_relation_size('groups')::text")?[0][0].parse()?;
    assert!(limit > 17 * 1024 * 1024, "{limit}");
    // No file that the writer writes may grow beyond the table's current size.
    let writer = admin.rows(
        "SELECT pid::text FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE '%INSERT INTO groups%' AND pid <> pg_backend_pid()",
    )?;
    assert_eq!(writer.len(), 1, "{writer:?}");
    cluster.limit_files(&writer[0][0], limit)?;
    let refused =
        (0..1000).map(|number| subject.create(new_group(&format!("{number:063}")))).find(Result::is_err);
    let text = unavailable(refused.expect("the disk is never full"));
    assert!(text.contains("konnte Datei"), "{text}");
    Ok(())
}

fn a_constraint_violation_is_an_unknown_error(_: TestDatabase) -> anyhow::Result<()> {
    let (_cluster, subject) = german(OPTIONS)?;
    subject.database().execute("ALTER TABLE groups ADD CONSTRAINT rule CHECK (name <> 'bad')")?;
    let refused = subject.create(new_group("bad"));
    assert!(matches!(refused, Err(CreateGroupError::Storage(StorageError::Unknown(_)))), "{refused:?}");
    Ok(())
}
