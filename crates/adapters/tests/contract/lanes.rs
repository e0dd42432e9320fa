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
use gochat_domain::{
    auth::{ApiKey, KeyId},
    clock::{Clock, SystemClock},
    group::{Expected, GroupId},
    limits::{Limit, Limits},
    member::NewMember,
    ports::{CreateGroupError, GroupRepository, MemberRepository, StorageError},
    testing::{group_change, new_group, new_group_of},
    user::UserId,
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
    cases![
        batches_of_all_kinds_on_two_instances_never_deadlock,
        random_writes_to_the_same_groups_on_two_instances_never_deadlock,
    ]
}

/// The outcome of a write.
pub type Answer = Result<(), String>;

pub fn done<T, E: Debug>(answer: Result<T, E>) -> Answer {
    answer.map(drop).map_err(|error| format!("{error:?}"))
}

/// One write of each kind, independent of each other. The names begin with `prefix`.
pub fn one_of_each(subject: &Subject, prefix: &str) -> Vec<BoxFuture<'static, Answer>> {
    let (groups, keys) = (Arc::clone(&subject.groups), Arc::clone(&subject.keys));
    let (more_groups, more_keys) = (Arc::clone(&groups), Arc::clone(&keys));
    let mut sweeper = subject.sweeper();
    let (plain, once) = (new_group(&format!("{prefix} plain")), new_group(&format!("{prefix} once")));
    let idempotency = idempotency(1, prefix);
    let long_ago = SystemClock.now().checked_sub(Duration::from_secs(3600)).unwrap();
    let [changed, deleted, joined] = ["changed", "deleted", "joined"]
        .map(|name| subject.create(new_group(&format!("stored for {prefix}: {name}"))).unwrap().id);
    let member = move |user_id| NewMember {
        group_id: joined,
        user_id: UserId::new(user_id).unwrap(),
        token: None,
        joined_at: SystemClock.now(),
    };
    subject.run(subject.members.join(member(2))).unwrap();
    let (change, new_member) = (group_change(None, Some("changed"), None), member(3));
    let (change_groups, delete_groups) = (Arc::clone(&groups), Arc::clone(&groups));
    let (join_members, leave_members) = (Arc::clone(&subject.members), Arc::clone(&subject.members));
    vec![
        async move { done(groups.create(plain, None).await) }.boxed(),
        async move { done(more_groups.create(once, Some(idempotency)).await) }.boxed(),
        async move { done(keys.insert(&ApiKey::mint().unwrap(), &new_key()).await) }.boxed(),
        async move { done(more_keys.revoke(KeyId::OPERATOR, SystemClock.now()).await) }.boxed(),
        async move { done(sweeper.step(long_ago).await) }.boxed(),
        async move { done(change_groups.change(changed, change, Expected::Any, SystemClock.now()).await) }
            .boxed(),
        async move { done(delete_groups.delete(deleted, Expected::Any).await) }.boxed(),
        async move { done(join_members.join(new_member).await) }.boxed(),
        async move { done(leave_members.leave(joined, member(2).user_id).await) }.boxed(),
    ]
}

/// Runs `writes` in one batch, and returns their answers.
pub fn in_one_batch<T>(subject: &Subject, mut writes: Vec<BoxFuture<'static, T>>) -> Vec<T> {
    let mut lock = subject.database().lock_groups().unwrap();
    subject.run(async {
        // Blocks the writer at the lock, so that later writes wait.
        let name = format!("keeps the writer {}", fastrand::u64(..));
        let mut first = subject.groups.create(new_group(&name), None);
        assert!(futures_util::poll!(&mut first).is_pending());
        subject.wait_for_empty_queue();
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
    let writes = one_of_each(&subject, "g");
    let before = commits(&subject)?;
    let answers = in_one_batch(&subject, writes);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    match subject.database().backend() {
        // The first create is in a batch of its own.
        Backend::Sqlite => assert_eq!(commits(&subject)? - before, 2),
        Backend::Postgres => {
            let transactions = "SELECT xmin::text FROM groups WHERE name LIKE 'g %'
                                UNION SELECT xmin::text FROM api_keys
                                UNION SELECT xmin::text FROM idempotency_keys
                                UNION SELECT xmin::text FROM members";
            let transactions = subject.database().rows(transactions)?;
            assert_eq!(transactions.len(), 1);
            // Changes take names too, so they must not share a transaction with creates.
            let of_change =
                subject.database().rows("SELECT xmin::text FROM groups WHERE token = 'changed'")?;
            assert_ne!(of_change, transactions);
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
    assert_eq!(failed, [false, false, true, false, false, false, false, false, false], "{answers:?}");
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
    other.close();
    first.close();
    let names = first.database().rows("SELECT count(*)::text, count(DISTINCT name)::text FROM groups")?;
    assert_eq!(names[0][0], names[0][1]);
    assert_no_deadlock(&first)
}

/// Checks that PostgreSQL has detected no deadlock.
pub fn assert_no_deadlock(subject: &Subject) -> anyhow::Result<()> {
    subject.end_connections()?;
    let deadlocks = "SELECT deadlocks::text FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(subject.database().rows(deadlocks)?, [["0"]]);
    Ok(())
}

/// A random write to one of the groups `ids`. There are few names and users, so that writes often conflict.
fn random_write(
    groups: Arc<dyn GroupRepository>,
    members: Arc<dyn MemberRepository>,
    ids: &[GroupId],
) -> BoxFuture<'static, Answer> {
    let (id, user) = (ids[fastrand::usize(..ids.len())], UserId::new(fastrand::i64(1..8)).unwrap());
    let (name, now) = (format!("g{}", fastrand::u8(..14)), SystemClock.now());
    let key = fastrand::bool().then(|| idempotency(1, &fastrand::u8(..30).to_string()));
    let change = match fastrand::u8(..3) {
        0 => group_change(Some(&name), None, None),
        1 => group_change(Some(&name), None, Some(user.get())),
        _ => group_change(None, Some(&name), Some(user.get())),
    };
    match fastrand::u8(..10) {
        0..4 => async move { done_or_refused(groups.change(id, change, Expected::Any, now).await) }.boxed(),
        4..6 => {
            let new = new_group_of(&name, "t", user.get());
            async move { done_or_refused(groups.create(new, key).await) }.boxed()
        }
        6 => async move { done_or_refused(groups.delete(id, Expected::Any).await) }.boxed(),
        7..9 => {
            let new = NewMember { group_id: id, user_id: user, token: None, joined_at: now };
            async move { done_or_refused(members.join(new).await) }.boxed()
        }
        _ => async move { done_or_refused(members.leave(id, user).await) }.boxed(),
    }
}

/// Counts a refusal by the rules as done. Only a failure of the database remains an error.
fn done_or_refused<T, E: Debug>(answer: Result<T, E>) -> Answer {
    let error = answer.map(drop).map_err(|error| format!("{error:?}"));
    if error.as_ref().is_err_and(|error| !error.starts_with("Storage")) { Ok(()) } else { error }
}

fn random_writes_to_the_same_groups_on_two_instances_never_deadlock(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let limits =
        Limits { groups: Limit(20), groups_per_administrator: Limit(4), members_per_group: Limit(5) };
    let options = CommitOptions { batch: 30, limits, ..WRITERS };
    let mut first = Subject::with(database, OPTIONS, options)?;
    let another = first.second_instance()?;
    let other = another.start_queue(options)?;
    for round in 0..10 {
        for number in 0..12 {
            // Refused where a group of the previous round still has the name.
            let new = new_group_of(&format!("g{number}"), "t", number % 7 + 1);
            drop(first.create(new));
        }
        let ids: Vec<_> = first.run(first.reader.list(None, 1000))?.iter().map(|group| group.id).collect();
        let writes = (0..300).map(|number| {
            let (groups, members) = match number % 2 {
                0 => (Arc::clone(&first.groups), Arc::clone(&first.members)),
                _ => (other.groups(), other.members()),
            };
            random_write(groups, members, &ids)
        });
        let answers = first.run(join_all(writes));
        assert!(answers.iter().all(Result::is_ok), "round {round}: {answers:?}");
    }
    other.close();
    first.close();
    let over_a_limit = "SELECT admin_id::text FROM groups GROUP BY admin_id HAVING count(*) > 4
         UNION ALL SELECT 'all' FROM groups HAVING count(*) > 20
         UNION ALL SELECT 'members of ' || group_id FROM members GROUP BY group_id HAVING count(*) > 5
         UNION ALL SELECT 'placeholder' FROM groups WHERE id < 1 OR name LIKE chr(1) || '%'";
    assert_eq!(first.database().rows(over_a_limit)?, Vec::<Vec<String>>::new());
    assert_no_deadlock(&first)
}
