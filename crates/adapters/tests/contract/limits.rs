//! Tests of the limits on groups and members.

use crate::{
    DatabaseCase,
    idempotency::idempotency,
    lanes::{done, in_one_batch},
    subject::{NO_LIMITS, ONE_WRITER, OPTIONS, Subject, WRITERS, default_to_repeatable_read},
};
use futures_util::{
    FutureExt,
    future::{join, join_all, try_join_all},
};
use gochat_adapters::CommitOptions;
use gochat_domain::{
    clock::{Clock, SystemClock},
    group::{Expected, Group},
    limits::{GroupFull, Limit, Limits, TooManyGroups},
    member::{NewMember, RefusedJoin},
    ports::{ChangeGroupError, CreateGroupError, JoinError},
    testing::{group_change, new_group_of},
    user::UserId,
};
use gochat_test_support::{Backend, TestDatabase, cases};
use std::sync::Arc;

pub fn cases() -> Vec<DatabaseCase> {
    cases![
        hand_overs_of_one_batch_do_not_exceed_a_lowered_limit,
        deleted_groups_make_room_for_new_ones,
        the_limits_are_exact_from_two_instances,
    ]
}

pub fn postgres_cases() -> Vec<DatabaseCase> {
    cases![
        a_create_that_loses_its_name_to_another_transaction_leaves_its_room_to_the_next,
        all_groups_are_counted_in_the_order_of_their_ids,
    ]
}

fn with_limits(limits: Limits) -> CommitOptions {
    CommitOptions { limits, ..ONE_WRITER }
}

/// The administrators of all groups, in the order of their names.
fn administrators(subject: &Subject) -> anyhow::Result<Vec<String>> {
    Ok(subject.database().rows("SELECT CAST(admin_id AS TEXT) FROM groups ORDER BY name")?.concat())
}

fn hand_overs_of_one_batch_do_not_exceed_a_lowered_limit(database: TestDatabase) -> anyhow::Result<()> {
    let mut subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    let create = |name: &str, admin_id| subject.create(new_group_of(name, "t", admin_id)).unwrap();
    let [given_away, ..] = ["a", "b", "c"].map(|name| create(name, 5));
    let received = create("d", 6);
    subject.restart(with_limits(Limits { groups_per_administrator: Limit(2), ..NO_LIMITS }))?;
    let hand_over = |group: &Group, to| {
        let (groups, id) = (Arc::clone(&subject.groups), group.id);
        let change = group_change(None, None, Some(to));
        async move { done(groups.change(id, change, Expected::Any, SystemClock.now()).await) }.boxed()
    };
    // The first hand-over leaves the user 5 with two groups, which are all that the limit allows.
    let answers = in_one_batch(&subject, vec![hand_over(&given_away, 7), hand_over(&received, 5)]);
    assert_eq!(answers, [Ok(()), Err("TooManyGroups(OfAdministrator)".to_owned())]);
    assert_eq!(administrators(&subject)?[..4], ["7", "5", "5", "6"]);
    Ok(())
}

/// After a delete an id is missing, so the greatest id does not tell the number of groups.
fn deleted_groups_make_room_for_new_ones(database: TestDatabase) -> anyhow::Result<()> {
    let limits = Limits { groups: Limit(3), ..NO_LIMITS };
    let subject = Subject::with(database, OPTIONS, with_limits(limits))?;
    let create = |name: &str| subject.create(new_group_of(name, "t", 1));
    let created = ["a", "b", "c"].map(|name| create(name).unwrap());
    for deleted in &created[..2] {
        let full = create("d");
        assert!(matches!(full, Err(CreateGroupError::TooManyGroups(TooManyGroups::InTotal))), "{full:?}");
        subject.run(subject.groups.delete(deleted.id, Expected::Any))?;
        create(&format!("after {}", deleted.name.as_str()))?;
    }
    assert_eq!(administrators(&subject)?.len(), 3);
    Ok(())
}

/// The number of answers that are `Ok`. The others must be `refused`.
fn admitted<T, E: std::fmt::Debug>(answers: Vec<Result<T, E>>, refused: impl Fn(&E) -> bool) -> usize {
    let errors: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert!(errors.iter().all(|error| refused(error)), "{errors:?}");
    answers.len() - errors.len()
}

fn the_limits_are_exact_from_two_instances(database: TestDatabase) -> anyhow::Result<()> {
    if database.backend() == Backend::Postgres {
        default_to_repeatable_read(&database)?;
    }
    let limits =
        Limits { groups: Limit(30), groups_per_administrator: Limit(10), members_per_group: Limit(50) };
    let options = CommitOptions { limits, batch: 20, ..WRITERS };
    let subject = Subject::with(database, OPTIONS, options)?;
    let another = subject.second_instance()?;
    let other = another.start_queue(options)?;
    let groups = [Arc::clone(&subject.groups), other.groups()];
    let members = [Arc::clone(&subject.members), other.members()];
    let create = |name: &str, admin_id, number: i64| {
        groups[usize::from(number % 2 == 0)].create(new_group_of(name, "t", admin_id), None)
    };

    let existing = subject.run(try_join_all(
        (0..15).map(|number| create(&format!("first {number}"), 10 + number % 3, number)),
    ))?;
    let of_one_user = (0..60).map(|number| create(&format!("of one user {number}"), 1, number));
    let hand_overs = existing.iter().cycle().take(60).zip(0..).map(|(created, number)| {
        let change = group_change(None, None, Some(if number < 30 { 2 } else { 10 + number % 2 }));
        groups[usize::from(number % 2 == 0)].change(
            created.group.id,
            change,
            Expected::Any,
            SystemClock.now(),
        )
    });
    let (stored, handed_over) = subject.run(join(join_all(of_one_user), join_all(hand_overs)));
    let refused_create =
        |error: &_| matches!(error, CreateGroupError::TooManyGroups(TooManyGroups::OfAdministrator));
    assert_eq!(admitted(stored, refused_create), 10);
    admitted(handed_over, |error| {
        matches!(error, ChangeGroupError::TooManyGroups(TooManyGroups::OfAdministrator))
    });
    let of_all_users = (0..60).map(|number| create(&format!("of all users {number}"), 100 + number, number));
    let refused_create = |error: &_| matches!(error, CreateGroupError::TooManyGroups(TooManyGroups::InTotal));
    assert_eq!(admitted(subject.run(join_all(of_all_users)), refused_create), 5);
    let group_id = existing[0].group.id;
    let joins = (1_000..1_100).map(|number| {
        let user_id = UserId::new(number).unwrap();
        let new = NewMember { group_id, user_id, token: None, joined_at: SystemClock.now() };
        members[usize::from(number % 2 == 0)].join(new)
    });
    admitted(subject.run(join_all(joins)), |error| {
        matches!(error, JoinError::Refused(RefusedJoin::GroupFull(GroupFull)))
    });
    other.close();

    let counts = format!(
        "SELECT CAST(count(*) AS TEXT) FROM groups
         UNION ALL SELECT 'too many' FROM groups GROUP BY admin_id HAVING count(*) > 10
         UNION ALL SELECT CAST(count(*) AS TEXT) FROM (
             SELECT user_id FROM members WHERE group_id = {group_id}
             UNION SELECT admin_id FROM groups WHERE id = {group_id}) AS members"
    );
    assert_eq!(subject.database().rows(&counts)?.concat(), ["30", "50"]);
    Ok(())
}

fn a_create_that_loses_its_name_to_another_transaction_leaves_its_room_to_the_next(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let limits = Limits { groups_per_administrator: Limit(1), ..NO_LIMITS };
    let subject = Subject::with(database, OPTIONS, with_limits(limits))?;
    let mut other = subject.database().plain_sql()?;
    // The lock ends before the transaction does.
    other.execute(
        "BEGIN;
         INSERT INTO groups (uuid, name, token, admin_id, created_at)
         VALUES (gen_random_uuid(), 'a', 't', 9, now());
         SAVEPOINT before_lock;
         LOCK TABLE groups IN ACCESS EXCLUSIVE MODE",
    )?;
    let create = |name: &str, admin_id| subject.groups.create(new_group_of(name, "t", admin_id), None);
    let (first, answers) = subject.run(async {
        let mut first = create("keeps the writer", 1);
        assert!(futures_util::poll!(&mut first).is_pending());
        subject.wait_for_lock();
        let mut of_one_batch = ["a", "b"].map(|name| create(name, 5));
        for create in &mut of_one_batch {
            assert!(futures_util::poll!(create).is_pending());
        }
        other.execute("ROLLBACK TO before_lock").unwrap();
        let first = first.await;
        subject.wait_for_lock();
        other.execute("COMMIT").unwrap();
        (first, join_all(of_one_batch).await)
    });
    first?;
    assert!(matches!(&answers[..], [Err(CreateGroupError::NameTaken), Ok(_)]), "{answers:?}");
    assert_eq!(administrators(&subject)?, ["9", "5", "1"]);
    Ok(())
}

/// The rows of groups lie in the order of their ids. PostgreSQL could count them in the order of another index, and find
/// the greatest id by reading all of it.
fn all_groups_are_counted_in_the_order_of_their_ids(database: TestDatabase) -> anyhow::Result<()> {
    let limits = Limits { groups: Limit(3), ..NO_LIMITS };
    let subject = Subject::with(database, OPTIONS, CommitOptions { limits, ..ONE_WRITER })?;
    subject.database().execute("VACUUM (ANALYZE) groups")?;
    let create = |name: &str| {
        let created = subject.groups.create(new_group_of(name, "t", 1), Some(idempotency(1, name)));
        subject.run(created).map(|created| created.group)
    };
    create("kept")?;
    // PostgreSQL keeps a plan after five executions.
    for number in 0..10 {
        let deleted = create(&number.to_string())?;
        subject.run(subject.groups.delete(deleted.id, Expected::Any))?;
    }
    subject.end_connections()?;
    let read = "SELECT indexrelname::text FROM pg_stat_user_indexes
                WHERE indexrelname IN ('groups_pkey', 'groups_admin_id') AND idx_tup_read > 0";
    assert_eq!(subject.database().rows(read)?.concat(), ["groups_pkey"]);
    Ok(())
}
