//! The contract of `GroupRepository::create` with an Idempotency-Key.

use crate::{
    Case, DatabaseCase,
    subject::{ONE_WRITER, OPTIONS, Subject, WRITERS, default_to_repeatable_read, row},
};
use futures_util::future::join_all;
use gochat_adapters::IdempotencySweeper;
use gochat_domain::testing::{new_group, new_group_of};
use gochat_domain::{
    auth::KeyId,
    clock::{Clock, SystemClock, Timestamp},
    group::{Created, Idempotency, IdempotencyKey},
    ports::CreateGroupError,
};
use gochat_test_support::{Backend, PlainSql, TestDatabase, cases, deadline};
use std::{thread, time::Duration};
use uuid::Uuid;

pub fn cases() -> Vec<Case> {
    cases![
        a_repeated_request_gets_the_first_group,
        a_different_request_with_the_same_key_is_refused,
        two_callers_do_not_share_their_keys,
        a_refused_create_is_not_recorded,
        one_of_100_concurrent_requests_with_one_key_is_stored_and_all_get_it,
        creates_with_and_without_key_share_the_queue,
        a_replay_returns_the_first_reply_even_after_the_group_was_deleted,
    ]
}

pub fn database_cases() -> Vec<DatabaseCase> {
    cases![
        a_key_is_remembered_after_a_restart,
        two_instances_store_one_group_for_one_key,
        legacy_records_are_replayed_while_their_group_exists,
        duplicates_in_one_batch_are_replayed_or_refused,
        old_keys_are_swept_in_steps_and_recent_ones_stay,
        a_failed_sweep_step_is_retried_from_the_same_cursor,
        the_sweep_interval_is_a_minute_unless_a_sweep_scans_the_table,
    ]
}

pub fn postgres_cases() -> Vec<DatabaseCase> {
    cases![
        a_request_that_waited_for_its_duplicate_is_replayed_under_any_default_isolation,
        requests_with_swapped_keys_on_two_instances_do_not_deadlock,
        requests_aborted_by_a_deadlock_are_retried,
    ]
}

/// The Idempotency-Key `key` of this caller.
pub fn idempotency(caller: u128, key: &str) -> Idempotency {
    Idempotency { caller: KeyId(Uuid::from_u128(caller)), key: IdempotencyKey::parse(key).unwrap() }
}

fn a_repeated_request_gets_the_first_group(subject: Subject) -> anyhow::Result<()> {
    let first = subject.run(subject.groups.create(new_group("g"), Some(idempotency(1, "k"))))?;
    assert!(!first.replayed);
    for _ in 0..2 {
        let again = subject.run(subject.groups.create(new_group("g"), Some(idempotency(1, "k"))))?;
        assert_eq!((again.replayed, &again.group), (true, &first.group));
    }
    assert_eq!(subject.stored("g"), [row(&first.group)]);
    Ok(())
}

fn a_different_request_with_the_same_key_is_refused(subject: Subject) -> anyhow::Result<()> {
    let first =
        subject.run(subject.groups.create(new_group_of("g", "t", 1), Some(idempotency(1, "k"))))?.group;
    for other in [new_group_of("h", "t", 1), new_group_of("g", "u", 1), new_group_of("g", "t", 2)] {
        let refused = subject.run(subject.groups.create(other, Some(idempotency(1, "k"))));
        assert!(matches!(refused, Err(CreateGroupError::IdempotencyKeyReused)), "{refused:?}");
    }
    assert!(subject.stored("h").is_empty());
    assert_eq!(subject.stored("g"), [row(&first)]);
    Ok(())
}

fn two_callers_do_not_share_their_keys(subject: Subject) -> anyhow::Result<()> {
    let first = subject.run(subject.groups.create(new_group("g"), Some(idempotency(1, "k"))))?;
    let second = subject.run(subject.groups.create(new_group("h"), Some(idempotency(2, "k"))))?;
    assert!(!first.replayed && !second.replayed);
    assert_ne!(first.group.id, second.group.id);
    Ok(())
}

fn a_refused_create_is_not_recorded(subject: Subject) -> anyhow::Result<()> {
    subject.create(new_group("g"))?;
    for _ in 0..2 {
        let refused = subject.run(subject.groups.create(new_group("g"), Some(idempotency(1, "k"))));
        assert!(matches!(refused, Err(CreateGroupError::NameTaken)), "{refused:?}");
    }
    subject.delete("g");
    let created = subject.run(subject.groups.create(new_group("g"), Some(idempotency(1, "k"))))?;
    assert!(!created.replayed);
    assert_eq!(subject.stored("g"), [row(&created.group)]);
    Ok(())
}

fn one_of_100_concurrent_requests_with_one_key_is_stored_and_all_get_it(
    subject: Subject,
) -> anyhow::Result<()> {
    let creates = (0..100).map(|_| subject.groups.create(new_group("g"), Some(idempotency(1, "k"))));
    let answers: Vec<_> = subject.run(join_all(creates)).into_iter().collect::<Result<_, _>>()?;
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    for answer in &answers {
        assert_eq!(subject.stored("g"), [row(&answer.group)]);
    }
    Ok(())
}

fn creates_with_and_without_key_share_the_queue(subject: Subject) -> anyhow::Result<()> {
    let names: Vec<_> = (0..200).map(|number| format!("g{number}")).collect();
    let subject = &subject;
    subject.run(join_all(names.iter().enumerate().map(|(number, name)| async move {
        if number % 2 == 0 {
            subject.groups.create(new_group(name), None).await.unwrap();
        } else {
            let idempotency = idempotency(1, &format!("k{number}"));
            assert!(!subject.groups.create(new_group(name), Some(idempotency)).await.unwrap().replayed);
        }
    })));
    for name in &names {
        assert_eq!(subject.stored(name).len(), 1, "{name}");
    }
    Ok(())
}

fn a_key_is_remembered_after_a_restart(database: TestDatabase) -> anyhow::Result<()> {
    let mut subject = Subject::on(database)?;
    let first = subject.run(subject.groups.create(new_group("g"), Some(idempotency(1, "k"))))?.group;
    subject.close();
    let writers = subject.second_instance()?.start_queue(WRITERS)?;
    let again = subject.run(writers.groups().create(new_group("g"), Some(idempotency(1, "k"))))?;
    assert_eq!((again.replayed, again.group), (true, first));
    writers.close();
    Ok(())
}

fn two_instances_store_one_group_for_one_key(database: TestDatabase) -> anyhow::Result<()> {
    let first = Subject::on(database)?;
    let writers = first.second_instance()?.start_queue(WRITERS)?;
    let second = writers.groups();
    for number in 0..20 {
        let (name, key) = (format!("g{number}"), format!("k{number}"));
        let (one, other) = first.run(futures_util::future::join(
            first.groups.create(new_group(&name), Some(idempotency(1, &key))),
            second.create(new_group(&name), Some(idempotency(1, &key))),
        ));
        let (one, other) = (one?, other?);
        assert_eq!(one.group, other.group);
        assert!(one.replayed != other.replayed);
        assert_eq!(first.stored(&name), [row(&one.group)]);
    }
    writers.close();
    Ok(())
}

fn a_request_that_waited_for_its_duplicate_is_replayed_under_any_default_isolation(
    database: TestDatabase,
) -> anyhow::Result<()> {
    default_to_repeatable_read(&database)?;
    let subject = Subject::on(database)?;
    let mut duplicate = subject.database().plain_sql()?;
    duplicate.execute(
        "BEGIN;
         INSERT INTO groups (uuid, name, token, admin_id, created_at)
         VALUES ('00000000-0000-0000-0000-000000000007', 'g', 't', 1, now());
         INSERT INTO idempotency_keys (caller, key, group_uuid, created_at)
         VALUES ('00000000-0000-0000-0000-000000000001', 'k', '00000000-0000-0000-0000-000000000007', now())",
    )?;
    let answer = subject.run(async {
        let mut answer = subject.groups.create(new_group("g"), Some(idempotency(1, "k")));
        assert!(futures_util::poll!(&mut answer).is_pending());
        subject.wait_for_lock();
        duplicate.execute("COMMIT").unwrap();
        answer.await
    })?;
    assert_eq!((answer.replayed, answer.group.uuid), (true, Uuid::from_u128(7)));
    Ok(())
}

/// Returns two open transactions: one has taken `names`, the other blocks the table of Idempotency-Keys.
fn lock_names_and_keys(subject: &Subject, names: &[&str]) -> anyhow::Result<(PlainSql, PlainSql)> {
    let mut name_lock = subject.database().plain_sql()?;
    name_lock.execute("BEGIN")?;
    for name in names {
        name_lock.execute(&format!(
            "INSERT INTO groups (uuid, name, token, admin_id, created_at)
             VALUES (gen_random_uuid(), '{name}', 't', 1, now())"
        ))?;
    }
    let mut key_lock = subject.database().plain_sql()?;
    key_lock.execute("BEGIN; LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE")?;
    Ok((name_lock, key_lock))
}

/// Waits until `count` statements wait for locks of this kind.
fn wait_for_locks(subject: &Subject, kind: &str, count: usize) {
    let mut admin = subject.database().plain_sql().unwrap();
    let waiting = format!(
        "SELECT pid::text FROM pg_locks JOIN pg_stat_activity USING (pid)
         WHERE datname = current_database() AND locktype = '{kind}' AND NOT granted"
    );
    deadline::eventually("the statements wait for a lock", || {
        (admin.rows(&waiting).unwrap().len() == count).then_some(())
    });
}

fn requests_with_swapped_keys_on_two_instances_do_not_deadlock(database: TestDatabase) -> anyhow::Result<()> {
    let first = Subject::with(database, OPTIONS, ONE_WRITER)?;
    let writers = first.second_instance()?.start_queue(ONE_WRITER)?;
    let second = writers.groups();
    let (mut name_lock, mut key_lock) = lock_names_and_keys(&first, &["a", "c"])?;
    let answers = first.run(async {
        // The first create of each instance blocks its writer, so that the other two form one batch.
        let mut answers = Vec::new();
        for (number, instance) in (0..).zip([&first.groups, &second]) {
            answers
                .push(instance.create(new_group(&format!("first {number}")), Some(idempotency(number, "k"))));
            assert!(futures_util::poll!(answers.last_mut().unwrap()).is_pending());
        }
        wait_for_locks(&first, "relation", 2);
        for (instance, name, key) in [
            (&first.groups, "a", "one"),
            (&first.groups, "b", "two"),
            (&second, "c", "two"),
            (&second, "d", "one"),
        ] {
            answers.push(instance.create(new_group(name), Some(idempotency(7, key))));
            assert!(futures_util::poll!(answers.last_mut().unwrap()).is_pending());
        }
        key_lock.execute("ROLLBACK").unwrap();
        wait_for_locks(&first, "transactionid", 2);
        name_lock.execute("ROLLBACK").unwrap();
        join_all(answers).await
    });
    let created = answers.iter().flatten().count();
    let reused = |answer: &&_| matches!(answer, Err(CreateGroupError::IdempotencyKeyReused));
    assert_eq!((created, answers.iter().filter(reused).count()), (4, 2), "{answers:?}");
    writers.close();
    Ok(())
}

fn requests_aborted_by_a_deadlock_are_retried(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    let (mut name_lock, mut key_lock) = lock_names_and_keys(&subject, &["a"])?;
    // With this long timeout, the rival does not detect the deadlock. The service's transaction does, and is aborted.
    let mut rival = subject.database().plain_sql()?;
    rival.execute(
        "BEGIN; SET LOCAL deadlock_timeout = '1h';
         INSERT INTO groups (uuid, name, token, admin_id, created_at)
         VALUES (gen_random_uuid(), 'b', 't', 1, now())",
    )?;
    let answers = subject.run(async {
        let mut answers = Vec::new();
        for (name, key) in [("first", "k0"), ("a", "k1"), ("b", "k2")] {
            answers.push(subject.groups.create(new_group(name), Some(idempotency(1, key))));
            assert!(futures_util::poll!(answers.last_mut().unwrap()).is_pending());
            wait_for_locks(&subject, "relation", 1);
        }
        key_lock.execute("ROLLBACK").unwrap();
        wait_for_locks(&subject, "transactionid", 1);
        let rival = thread::spawn(move || {
            rival.execute(
                "INSERT INTO idempotency_keys (caller, key, group_uuid, created_at)
                 VALUES ('00000000-0000-0000-0000-000000000001', 'k1', gen_random_uuid(), now());
                 ROLLBACK",
            )
        });
        wait_for_locks(&subject, "transactionid", 2);
        name_lock.execute("ROLLBACK").unwrap();
        let answers = join_all(answers).await;
        rival.join().unwrap().unwrap();
        answers
    });
    for answer in answers {
        assert!(answer.as_ref().is_ok_and(|created| !created.replayed), "{answer:?}");
    }
    Ok(())
}

fn a_replay_returns_the_first_reply_even_after_the_group_was_deleted(subject: Subject) -> anyhow::Result<()> {
    let first = subject.run(subject.groups.create(new_group("g"), Some(idempotency(1, "k"))))?;
    let replayed = Created { replayed: true, ..first };
    subject.delete("g");
    let again = || subject.run(subject.groups.create(new_group("g"), Some(idempotency(1, "k"))));
    assert_eq!(again()?, replayed);
    assert!(subject.stored("g").is_empty());
    // The name now belongs to another group, and the key is still used.
    let other = subject.create(new_group("g"))?;
    assert_eq!(again()?, replayed);
    assert_eq!(subject.stored("g"), [row(&other)]);
    let reused = subject.run(subject.groups.create(new_group("h"), Some(idempotency(1, "k"))));
    assert!(matches!(reused, Err(CreateGroupError::IdempotencyKeyReused)), "{reused:?}");
    Ok(())
}

/// Turns every record into a legacy one, as it was before the migration `record_first_replies`.
fn forget_fingerprints(subject: &Subject) -> anyhow::Result<()> {
    subject.database().execute("UPDATE idempotency_keys SET fingerprint = NULL, group_id = NULL")
}

fn legacy_records_are_replayed_while_their_group_exists(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    let first = subject.run(subject.groups.create(new_group("g"), Some(idempotency(1, "k"))))?;
    forget_fingerprints(&subject)?;
    let again = subject.run(subject.groups.create(new_group("g"), Some(idempotency(1, "k"))))?;
    assert_eq!(again, Created { replayed: true, ..first });
    let reused = subject.run(subject.groups.create(new_group("h"), Some(idempotency(1, "k"))));
    assert!(matches!(reused, Err(CreateGroupError::IdempotencyKeyReused)), "{reused:?}");
    // A legacy record of a deleted group does not block its key.
    subject.delete("g");
    let second = subject.run(subject.groups.create(new_group("h"), Some(idempotency(1, "k"))))?;
    assert!(!second.replayed && second.group.id > again.group.id);
    let again = subject.run(subject.groups.create(new_group("h"), Some(idempotency(1, "k"))))?;
    assert_eq!(again, Created { replayed: true, ..second });
    Ok(())
}

fn duplicates_in_one_batch_are_replayed_or_refused(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    subject.create(new_group("taken"))?;
    let mut lock = subject.database().lock_groups()?;
    let asked = [
        ("first", "k0"),
        ("a", "k1"),
        ("a", "k1"),
        ("b", "k1"),
        ("taken", "k2"),
        ("taken", "k2"),
        ("u", "k2"),
    ];
    let answers = subject.run(async {
        let mut creates: Vec<_> = asked
            .iter()
            .map(|(name, key)| subject.groups.create(new_group(name), Some(idempotency(1, key))))
            .collect();
        for (number, create) in creates.iter_mut().enumerate() {
            assert!(futures_util::poll!(create).is_pending());
            if number == 0 {
                subject.wait_for_empty_queue();
            }
        }
        lock.execute("ROLLBACK").unwrap();
        join_all(creates).await
    });
    let [_, first, duplicate, other, taken, same, refused] = &answers[..] else { unreachable!() };
    let first = first.as_ref().unwrap();
    assert_eq!(duplicate.as_ref().unwrap(), &Created { replayed: true, group: first.group.clone() });
    for answer in [other, refused] {
        assert!(matches!(answer, Err(CreateGroupError::IdempotencyKeyReused)), "{answer:?}");
    }
    for answer in [taken, same] {
        assert!(matches!(answer, Err(CreateGroupError::NameTaken)), "{answer:?}");
    }
    let recorded = subject.database().rows("SELECT key FROM idempotency_keys ORDER BY key")?;
    assert_eq!(recorded, [["k0"], ["k1"]]);
    Ok(())
}

/// Makes the keys that match `condition` a day older.
fn age(subject: &Subject, condition: &str) -> anyhow::Result<()> {
    let earlier = match subject.database().backend() {
        Backend::Sqlite => "created_at - 86400000000",
        Backend::Postgres => "created_at - interval '1 day'",
    };
    subject
        .database()
        .execute(&format!("UPDATE idempotency_keys SET created_at = {earlier} WHERE {condition}"))
}

fn half_a_day_ago() -> Timestamp {
    SystemClock.now().checked_sub(Duration::from_secs(43_200)).unwrap()
}

/// Creates groups with these keys.
fn record(subject: &Subject, keys: impl Iterator<Item = String>) {
    let keys: Vec<_> = keys.collect();
    let creates = keys.iter().map(|key| subject.groups.create(new_group(key), Some(idempotency(1, key))));
    assert!(subject.run(join_all(creates)).iter().all(Result::is_ok));
}

fn old_keys_are_swept_in_steps_and_recent_ones_stay(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    let count = 2 * usize::from(IdempotencySweeper::STEP) + 100;
    record(&subject, (0..count).map(|number| format!("k{number}")));
    assert!(subject.run(subject.groups.create(new_group("recent"), Some(idempotency(2, "recent")))).is_ok());
    age(&subject, "key NOT IN ('k0', 'recent')")?;
    let (mut sweeper, cutoff) = (subject.sweeper(), half_a_day_ago());
    let mut left = count;
    deadline::eventually("the end of the sweep", || {
        let has_more = subject.run(sweeper.step(cutoff)).unwrap();
        let after = subject.database().rows("SELECT key FROM idempotency_keys").unwrap().len();
        assert!(left - after <= usize::from(IdempotencySweeper::STEP), "{left} keys before, {after} after");
        left = after;
        (!has_more).then_some(())
    });
    let kept = subject.database().rows("SELECT key FROM idempotency_keys ORDER BY key")?;
    assert_eq!(kept, [["k0"], ["recent"]]);
    assert!(!subject.run(subject.groups.create(new_group("again"), Some(idempotency(1, "k7"))))?.replayed);
    // The next step begins another sweep.
    age(&subject, "key = 'recent'")?;
    assert!(subject.run(sweeper.step(cutoff)).is_ok());
    assert_eq!(subject.database().rows("SELECT key FROM idempotency_keys ORDER BY key")?, [["k0"], ["k7"]]);
    Ok(())
}

fn a_failed_sweep_step_is_retried_from_the_same_cursor(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    // On SQLite, which scans in key order, the first step meets only recent keys.
    let step = usize::from(IdempotencySweeper::STEP);
    record(
        &subject,
        (0..2 * step).map(|number| format!("{}{number}", if number < step { "a" } else { "b" })),
    );
    age(&subject, "key LIKE 'b%'")?;
    let (mut sweeper, cutoff) = (subject.sweeper(), half_a_day_ago());
    assert!(subject.run(sweeper.step(cutoff))?);
    subject.database().execute("ALTER TABLE idempotency_keys RENAME TO hidden")?;
    for _ in 0..2 {
        subject.run(sweeper.step(cutoff)).unwrap_err();
    }
    subject.database().execute("ALTER TABLE hidden RENAME TO idempotency_keys")?;
    subject.run(sweeper.step(cutoff))?;
    let left = subject.database().rows("SELECT key FROM idempotency_keys WHERE key LIKE 'b%'")?;
    assert!(left.is_empty(), "{left:?}");
    Ok(())
}

fn the_sweep_interval_is_a_minute_unless_a_sweep_scans_the_table(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    let (minute, day) = (Duration::from_secs(60), Duration::from_secs(86_400));
    let interval = |keep| subject.sweeper().interval(keep);
    match subject.database().backend() {
        Backend::Sqlite => assert_eq!((interval(day), interval(minute)), (day / 24, minute)),
        Backend::Postgres => assert_eq!((interval(day), interval(minute)), (minute, minute)),
    }
    Ok(())
}
