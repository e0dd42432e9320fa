//! Tests of batches with different kinds of writes.

use crate::{
    DatabaseCase,
    api_keys::new_key,
    batches::{commits, refuse_one_row},
    idempotency::idempotency,
    subject::{ONE_WRITER, OPTIONS, Subject, WRITERS},
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use gochat_adapters::CommitOptions;
use gochat_domain::testing::new_group;
use gochat_domain::{
    auth::{ApiKey, KeyId},
    clock::{Clock, SystemClock},
    ports::{CreateGroupError, StorageError},
};
use gochat_test_support::{Backend, TestDatabase, cases};
use std::{fmt::Debug, sync::Arc, time::Duration};

pub fn cases() -> Vec<DatabaseCase> {
    cases![
        writes_of_all_kinds_share_one_commit,
        a_failed_lane_does_not_fail_the_others,
        a_failing_write_fails_alone_in_its_lane,
    ]
}

pub fn postgres_cases() -> Vec<DatabaseCase> {
    cases![batches_of_all_kinds_on_two_instances_never_deadlock]
}

/// The outcome of a write.
type Answer = Result<(), String>;

fn done<T, E: Debug>(answer: Result<T, E>) -> Answer {
    answer.map(drop).map_err(|error| format!("{error:?}"))
}

/// One write of each kind, independent of each other. The names begin with `prefix`.
fn one_of_each(subject: &Subject, prefix: &str) -> Vec<BoxFuture<'static, Answer>> {
    let (groups, keys) = (Arc::clone(&subject.groups), Arc::clone(&subject.keys));
    let (more_groups, more_keys) = (Arc::clone(&groups), Arc::clone(&keys));
    let mut sweeper = subject.sweeper();
    let (plain, once) = (new_group(&format!("{prefix} plain")), new_group(&format!("{prefix} once")));
    let idempotency = idempotency(1, prefix);
    let long_ago = SystemClock.now().checked_sub(Duration::from_secs(3600)).unwrap();
    vec![
        async move { done(groups.create(plain, None).await) }.boxed(),
        async move { done(more_groups.create(once, Some(idempotency)).await) }.boxed(),
        async move { done(keys.insert(&ApiKey::mint().unwrap(), &new_key()).await) }.boxed(),
        async move { done(more_keys.revoke(KeyId::OPERATOR, SystemClock.now()).await) }.boxed(),
        async move { done(sweeper.step(long_ago).await) }.boxed(),
    ]
}

/// Runs `writes` in one batch, and returns their answers.
fn in_one_batch(subject: &Subject, mut writes: Vec<BoxFuture<'static, Answer>>) -> Vec<Answer> {
    let mut lock = subject.database().lock_groups().unwrap();
    subject.run(async {
        // Blocks the writer at the lock, so that later writes wait.
        let mut first = subject.groups.create(new_group("keeps the writer"), None);
        assert!(futures_util::poll!(&mut first).is_pending());
        if subject.database().backend() == Backend::Postgres {
            subject.wait_for_lock();
        }
        for write in &mut writes {
            assert!(futures_util::poll!(write).is_pending());
        }
        lock.execute("ROLLBACK").unwrap();
        first.await.unwrap();
        join_all(writes).await
    })
}

fn writes_of_all_kinds_share_one_commit(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    subject.create(new_group("before"))?;
    let before = commits(&subject)?;
    let answers = in_one_batch(&subject, one_of_each(&subject, "g"));
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    match subject.database().backend() {
        // On SQLite the first create may be in a batch of its own or in this one, as the writer may not have reached
        // the lock yet.
        Backend::Sqlite => assert!((1..=2).contains(&(commits(&subject)? - before))),
        Backend::Postgres => {
            let transactions = "SELECT xmin::text FROM groups WHERE name LIKE 'g %'
                                UNION SELECT xmin::text FROM api_keys
                                UNION SELECT xmin::text FROM idempotency_keys";
            assert_eq!(subject.database().rows(transactions)?.len(), 1);
        }
    }
    Ok(())
}

fn a_failed_lane_does_not_fail_the_others(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    subject.database().execute(match subject.database().backend() {
        Backend::Sqlite => {
            "CREATE TRIGGER fault BEFORE INSERT ON api_keys BEGIN SELECT RAISE(ABORT, 'no such luck'); END"
        }
        Backend::Postgres => "ALTER TABLE api_keys ADD CONSTRAINT no_such_luck CHECK (name = '')",
    })?;
    let answers = in_one_batch(&subject, one_of_each(&subject, "g"));
    let failed: Vec<_> = answers.iter().map(Result::is_err).collect();
    assert_eq!(failed, [false, false, true, false, false], "{answers:?}");
    assert!(answers[2].as_ref().is_err_and(|error| error.contains("Unknown")), "{answers:?}");
    for name in ["g plain", "g once"] {
        assert_eq!(subject.stored(name).len(), 1, "{name}");
    }
    assert_eq!(subject.database().rows("SELECT key FROM idempotency_keys")?, [["g"]]);
    Ok(())
}

fn a_failing_write_fails_alone_in_its_lane(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    refuse_one_row(&subject)?;
    let names: Vec<_> = (0..40).map(|number| format!("g{number:02}")).collect();
    let mut writes: Vec<BoxFuture<'static, Answer>> = Vec::new();
    for (number, name) in names.iter().map(String::as_str).chain(["bad"]).enumerate() {
        let (groups, name) = (Arc::clone(&subject.groups), name.to_owned());
        // Every other create has an Idempotency-Key.
        let idempotency_key = (number % 2 == 0).then(|| idempotency(1, &name));
        writes.push(
            async move {
                match groups.create(new_group(&name), idempotency_key).await {
                    Ok(_) => Ok(()),
                    Err(CreateGroupError::Storage(
                        StorageError::Unknown(cause) | StorageError::Unavailable(cause),
                    )) => Err(cause.to_string()),
                    Err(error) => panic!("{error:?}"),
                }
            }
            .boxed(),
        );
    }
    let answers = in_one_batch(&subject, writes);
    let (bad, good) = answers.split_last().unwrap();
    assert!(bad.as_ref().is_err_and(|cause| cause.contains("no such luck")), "{bad:?}");
    assert!(good.iter().all(Result::is_ok), "{good:?}");
    for name in &names {
        assert_eq!(subject.stored(name).len(), 1, "{name}");
    }
    // Refused creates have no record.
    assert_eq!(subject.database().rows("SELECT key FROM idempotency_keys WHERE key = 'bad'")?.len(), 0);
    Ok(())
}

fn batches_of_all_kinds_on_two_instances_never_deadlock(database: TestDatabase) -> anyhow::Result<()> {
    let options = CommitOptions { batch: 50, ..WRITERS };
    let mut first = Subject::with(database, OPTIONS, options)?;
    let another = first.second_instance()?;
    let other = another.start_queue(options)?;
    let mut sweepers = [first.sweeper(), another.idempotency_sweeper(&other)];
    let mut creates = Vec::new();
    for number in 0..400_usize {
        // Names and keys are in opposite orders, and each pair is requested on both instances.
        let (name, key) = (format!("g{}", number * 7 % 100), format!("k{}", 100 - number * 3 % 100));
        for groups in [Arc::clone(&first.groups), other.groups()] {
            let name = name.clone();
            let idempotency_key = (number % 3 > 0).then(|| idempotency(1, &key));
            creates.push(async move { groups.create(new_group(&name), idempotency_key).await });
        }
    }
    let answers = first.run(async {
        let sweeps = sweepers.iter_mut().map(async |sweeper| {
            for _ in 0..50 {
                // Every key counts as old, so sweeps delete new records too.
                let cutoff = SystemClock.now().checked_add(Duration::from_secs(3600)).unwrap();
                sweeper.step(cutoff).await.unwrap();
            }
        });
        futures_util::future::join(join_all(creates), join_all(sweeps)).await.0
    });
    for answer in &answers {
        assert!(
            matches!(
                answer,
                Ok(_) | Err(CreateGroupError::NameTaken | CreateGroupError::IdempotencyKeyReused)
            ),
            "{answer:?}"
        );
    }
    // Connections report their statistics when they close.
    other.close();
    first.close();
    let names = first.database().rows("SELECT count(*)::text, count(DISTINCT name)::text FROM groups")?;
    assert_eq!(names[0][0], names[0][1]);
    // PostgreSQL has detected no deadlock.
    let deadlocks = "SELECT deadlocks::text FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(first.database().rows(deadlocks)?, [["0"]]);
    Ok(())
}
