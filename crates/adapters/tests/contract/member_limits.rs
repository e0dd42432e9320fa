//! Tests of the limit on members. A writer remembers counts, so many of the tests let other writers add members too.

use crate::{
    DatabaseCase,
    lost_answers::new_member,
    subject::{NO_LIMITS, ONE_WRITER, OPTIONS, Subject},
};
use futures_util::future::{join_all, try_join_all};
use gochat_adapters::CommitOptions;
use gochat_domain::{
    clock::{Clock, SystemClock},
    group::{Expected, Group, GroupId},
    limits::{GroupFull, Limit, Limits},
    member::RefusedJoin,
    ports::{ChangeGroupError, JoinError, MemberRepository},
    testing::{group_change, new_group_of},
    user::UserId,
};
use gochat_test_support::{Backend, Cluster, PlainSql, TestDatabase, cases};
use std::{collections::BTreeSet, thread};

pub fn cases() -> Vec<DatabaseCase> {
    cases![
        a_leave_makes_room_for_one_member,
        a_lowered_limit_holds_after_a_restart,
        joins_are_refused_exactly_at_the_limit_whoever_adds_members,
    ]
}

pub fn postgres_cases() -> Vec<DatabaseCase> {
    cases![
        members_are_counted_once_for_many_batches,
        the_limit_is_exact_whenever_another_transaction_joins,
        a_lock_by_another_transaction_after_the_read_of_xmax_is_noticed,
        a_mark_tells_a_multixact_from_a_transaction,
        the_limit_is_exact_beside_older_programs,
    ]
}

/// SQLite remembers no count of less than 100.
const MEMBERS: i64 = 110;

fn with_limit(members: u32) -> CommitOptions {
    CommitOptions { limits: Limits { members_per_group: Limit(members), ..NO_LIMITS }, ..ONE_WRITER }
}

/// A group with `members` members: the administrator 1, and the users from 2 on.
fn group_with(subject: &Subject, name: &str, members: i64) -> anyhow::Result<Group> {
    let group = subject.create(new_group_of(name, "t", 1))?;
    let joins = (2..=members).map(|user_id| subject.members.join(new_member(group.id, user_id)));
    subject.run(try_join_all(joins))?;
    Ok(group)
}

/// True if the user joined, false if the group is full.
fn is_admitted(subject: &Subject, members: &dyn MemberRepository, group: GroupId, user_id: i64) -> bool {
    match subject.run(members.join(new_member(group, user_id))) {
        Ok(joined) => joined.is_new,
        Err(JoinError::Refused(RefusedJoin::GroupFull(GroupFull))) => false,
        Err(error) => panic!("{error:?}"),
    }
}

/// The number of members that the database has.
fn stored_members(subject: &Subject, group: GroupId) -> anyhow::Result<i64> {
    let count = format!(
        "SELECT CAST(count(*) AS TEXT) FROM (SELECT user_id FROM members WHERE group_id = {group}
         UNION SELECT admin_id FROM groups WHERE id = {group}) AS members"
    );
    Ok(subject.database().rows(&count)?.concat().concat().parse()?)
}

/// Statements that lock the group and add a member, as each program did before counts were remembered.
fn lock_and_join(group: GroupId, user_id: i64) -> String {
    format!(
        "SELECT FROM groups WHERE id = {group} FOR NO KEY UPDATE;
         INSERT INTO members (group_id, user_id, joined_at) VALUES ({group}, {user_id}, now())"
    )
}

fn a_leave_makes_room_for_one_member(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, with_limit(110))?;
    let group = group_with(&subject, "g", MEMBERS)?.id;
    let admitted = |user_id| is_admitted(&subject, &*subject.members, group, user_id);
    for (leaving, user_id) in (10..20).zip(1_000..) {
        assert!(!admitted(user_id));
        subject.run(subject.members.leave(group, UserId::new(leaving)?))?;
        assert!(admitted(user_id));
        assert!(!admitted(user_id + 100));
    }
    assert_eq!(stored_members(&subject, group)?, 110);
    Ok(())
}

fn a_lowered_limit_holds_after_a_restart(database: TestDatabase) -> anyhow::Result<()> {
    let mut subject = Subject::with(database, OPTIONS, with_limit(200))?;
    let group = group_with(&subject, "g", MEMBERS)?.id;
    subject.restart(with_limit(108))?;
    for user_id in 2..=4 {
        assert!(!is_admitted(&subject, &*subject.members, group, 1_000));
        subject.run(subject.members.leave(group, UserId::new(user_id)?))?;
    }
    assert!(is_admitted(&subject, &*subject.members, group, 1_000));
    assert!(!is_admitted(&subject, &*subject.members, group, 1_001));
    subject.restart(with_limit(109))?;
    assert!(is_admitted(&subject, &*subject.members, group, 1_001));
    assert!(!is_admitted(&subject, &*subject.members, group, 1_002));
    assert_eq!(stored_members(&subject, group)?, 109);
    Ok(())
}

/// Random joins, leaves and hand-overs by two instances and by plain SQL, one after another.
fn joins_are_refused_exactly_at_the_limit_whoever_adds_members(database: TestDatabase) -> anyhow::Result<()> {
    const LIMIT: usize = 115;
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let options = with_limit(LIMIT.try_into()?);
    let subject = Subject::with(database, OPTIONS, options)?;
    let another = subject.second_instance()?;
    let other = another.start_queue(options)?;
    let (groups, members) =
        ([subject.groups.clone(), other.groups()], [subject.members.clone(), other.members()]);
    let mut plain_sql = subject.database().plain_sql()?;
    let group = group_with(&subject, "g", MEMBERS)?.id;
    let mut administrator = 1;
    let mut expected: BTreeSet<_> = (1..=MEMBERS).collect();
    for user_id in 1_000..1_300 {
        let instance = random.usize(..2);
        let has_room = expected.len() < LIMIT;
        match random.u8(..8) {
            0..4 => {
                assert_eq!(
                    is_admitted(&subject, &*members[instance], group, user_id),
                    has_room,
                    "seed {seed}, user {user_id}"
                );
                if has_room {
                    expected.insert(user_id);
                }
            }
            4 if has_room => {
                join_by_plain_sql(
                    &subject,
                    &mut plain_sql,
                    group,
                    user_id,
                    random.bool().then_some("COMMIT"),
                )?;
                if stored_members(&subject, group)? > i64::try_from(expected.len())? {
                    expected.insert(user_id);
                }
            }
            5 => {
                let change = group_change(None, None, Some(user_id));
                let changed =
                    subject.run(groups[instance].change(group, change, Expected::Any, SystemClock.now()));
                assert!(
                    matches!(changed, Ok(_) | Err(ChangeGroupError::GroupFull(GroupFull))),
                    "{changed:?}"
                );
                assert_eq!(changed.is_ok(), has_room, "seed {seed}, user {user_id}");
                if has_room {
                    expected.insert(user_id);
                    administrator = user_id;
                }
            }
            _ => {
                let leaving = *expected.iter().find(|user_id| **user_id != administrator).unwrap();
                subject.run(members[instance].leave(group, UserId::new(leaving)?))?;
                expected.remove(&leaving);
            }
        }
        assert_eq!(
            stored_members(&subject, group)?,
            i64::try_from(expected.len())?,
            "seed {seed}, user {user_id}"
        );
    }
    other.close();
    Ok(())
}

/// Adds a member in a transaction that ends by `end`, or by `ROLLBACK`.
fn join_by_plain_sql(
    subject: &Subject,
    plain_sql: &mut PlainSql,
    group: GroupId,
    user_id: i64,
    end: Option<&str>,
) -> anyhow::Result<()> {
    let end = end.unwrap_or("ROLLBACK");
    plain_sql.execute(&match subject.database().backend() {
        Backend::Sqlite => {
            format!("BEGIN IMMEDIATE; INSERT INTO members VALUES ({group}, {user_id}, 0); {end}")
        }
        Backend::Postgres => format!("BEGIN; {}; {end}", lock_and_join(group, user_id)),
    })
}

/// A remembered count holds only if no transaction of the whole cluster ends between the read of `xmax` and the lock, so the
/// tests of how often members are counted have a cluster of their own.
fn quiet_cluster() -> anyhow::Result<Cluster> {
    Cluster::start(Cluster::FAST)
}

/// The session reads the 10,000 memberships once, not for each of the 50 batches.
fn members_are_counted_once_for_many_batches(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = quiet_cluster()?;
    let subject = Subject::with(cluster.database()?, OPTIONS, with_limit(1_000_000))?;
    let group = subject.create(new_group_of("g", "t", 1))?.id;
    subject.database().execute(&format!(
        "INSERT INTO members (group_id, user_id, joined_at)
         SELECT {group}, 1000 + number, now() FROM generate_series(1, 10000) AS number"
    ))?;
    for user_id in 2..52 {
        assert!(is_admitted(&subject, &*subject.members, group, user_id));
    }
    subject.end_connections()?;
    let read = "SELECT relname::text, (CASE WHEN read >= 20000 THEN 'much' WHEN read >= 10000 THEN 'once' ELSE 'little' END)::text
         FROM (SELECT relname, seq_tup_read AS read FROM pg_stat_user_tables WHERE relname = 'members'
         UNION ALL SELECT indexrelname, idx_tup_read FROM pg_stat_user_indexes WHERE relname = 'members') AS reads
         ORDER BY relname";
    assert_eq!(
        subject.database().rows(read)?,
        [["members", "little"], ["members_pkey", "once"], ["members_user_id", "little"]]
    );
    Ok(())
}

/// Another transaction adds the user 100 while a writer remembers a count, and commits or is rolled back.
fn the_limit_is_exact_whenever_another_transaction_joins(database: TestDatabase) -> anyhow::Result<()> {
    // Six of at most eight members, so there is room for two.
    let subject = Subject::with(database, OPTIONS, with_limit(8))?;
    let new_group = |name: &str| -> anyhow::Result<GroupId> { Ok(group_with(&subject, name, 6)?.id) };
    let assert_room = |group, room: usize| -> anyhow::Result<()> {
        let admitted = |user_id: &i64| is_admitted(&subject, &*subject.members, group, *user_id);
        assert_eq!((200..204).filter(admitted).count(), room);
        assert_eq!(stored_members(&subject, group)?, 8);
        Ok(())
    };
    let plain_sql = || subject.database().plain_sql();

    for (name, before, after, room) in [
        ("commits between two batches", "BEGIN", "COMMIT", 1),
        ("is rolled back between two batches", "BEGIN", "ROLLBACK", 2),
        ("adds in a subtransaction", "BEGIN; SAVEPOINT s", "RELEASE s; COMMIT", 1),
        ("rolls a subtransaction back", "BEGIN; SAVEPOINT s", "ROLLBACK TO s; COMMIT", 2),
        ("locks twice", "BEGIN; SELECT FROM groups FOR KEY SHARE; SAVEPOINT s", "COMMIT", 1),
    ] {
        let group = new_group(name)?;
        plain_sql()?.execute(&format!("{before}; {}; {after}", lock_and_join(group, 100)))?;
        assert_room(group, room)?;
    }
    for (name, end, room) in
        [("commits while a batch waits", "COMMIT", 1), ("is rolled back while a batch waits", "ROLLBACK", 2)]
    {
        let group = new_group(name)?;
        let mut other = plain_sql()?;
        other.execute(&format!("BEGIN; {}", lock_and_join(group, 100)))?;
        let waiting = subject.run(async {
            let mut waiting = subject.members.join(new_member(group, 101));
            assert!(futures_util::poll!(&mut waiting).is_pending());
            subject.wait_for_lock();
            other.execute(end).unwrap();
            waiting.await
        });
        assert!(waiting?.is_new);
        assert_room(group, room - 1)?;
    }
    // A third transaction shares the row with ours and with the one that adds a member, so that `xmax` is a multixact.
    let group = new_group("locks beside a third transaction")?;
    let mut third = plain_sql()?;
    third.execute(&format!("BEGIN; SELECT FROM groups WHERE id = {group} FOR KEY SHARE"))?;
    assert!(is_admitted(&subject, &*subject.members, group, 101));
    plain_sql()?.execute(&format!("BEGIN; {}; COMMIT", lock_and_join(group, 100)))?;
    third.execute("COMMIT")?;
    assert_room(group, 0)?;
    // VACUUM clears `xmax`.
    let group = new_group("is followed by a vacuum")?;
    plain_sql()?.execute(&format!("BEGIN; {}; COMMIT", lock_and_join(group, 100)))?;
    plain_sql()?.execute("VACUUM (FREEZE) groups")?;
    assert_room(group, 1)
}

/// Runs the steps of a batch's statement one by one: reads `xmax`, locks the group, calls `groups_with_room`. So another
/// transaction can lock the group in between.
fn a_lock_by_another_transaction_after_the_read_of_xmax_is_noticed(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = quiet_cluster()?;
    let subject = Subject::with(cluster.database()?, OPTIONS, with_limit(100))?;
    let group = group_with(&subject, "g", 4)?.id;
    let mut session = subject.database().plain_sql()?;
    // The group has 3 memberships at first. The remembered bound is 77, so the answer 77 shows that nothing was counted.
    let mut bound = |between: &dyn Fn()| -> anyhow::Result<String> {
        session.execute("BEGIN")?;
        session.execute("SET LOCAL enable_seqscan = off")?;
        let before = format!(
            "SELECT xmax::text, lock_mark(xmax)::text, pg_current_snapshot()::text FROM groups WHERE id = {group}"
        );
        let [xmax, mark, snapshot] = session.rows(&before)?.concat().try_into().unwrap();
        between();
        session.execute(&format!("SELECT FROM groups WHERE id = {group} FOR NO KEY UPDATE"))?;
        let rows = session.rows(&format!(
            "SELECT memberships::text FROM groups_with_room(
                 ARRAY[{group}], ARRAY['{xmax}'::xid], '{snapshot}', ARRAY[{group}], ARRAY[1], ARRAY[77], ARRAY[{mark}], 100)"
        ))?;
        session.execute("COMMIT")?;
        Ok(rows.concat().concat())
    };
    assert_eq!(bound(&|| ())?, "77");
    let join = |user_id, end: &str| {
        subject.database().execute(&format!("BEGIN; {}; {end}", lock_and_join(group, user_id))).unwrap();
    };
    assert_eq!(bound(&|| join(100, "COMMIT"))?, "4");
    assert_eq!(bound(&|| join(101, "ROLLBACK"))?, "4");
    assert_eq!(bound(&|| ())?, "77");
    Ok(())
}

/// The column `xmax` has the id of a transaction or of a multixact, and the number does not tell which.
fn a_mark_tells_a_multixact_from_a_transaction(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    let group = subject.create(new_group_of("g", "t", 1))?.id;
    let mut sessions = [subject.database().plain_sql()?, subject.database().plain_sql()?];
    for session in &mut sessions {
        session.execute(&format!("BEGIN; SELECT FROM groups WHERE id = {group} FOR KEY SHARE"))?;
    }
    let marks =
        "SELECT (lock_mark(xmax) = -xmax::text::bigint)::text, lock_mark('2000000000')::text FROM groups";
    assert_eq!(subject.database().rows(marks)?, [["true", "2000000000"]]);
    Ok(())
}

/// 100 joins of two instances, and 100 of two sessions with the statements of older programs, all at once.
fn the_limit_is_exact_beside_older_programs(database: TestDatabase) -> anyhow::Result<()> {
    let options = CommitOptions { batch: 5, ..CommitOptions { writers: 2, ..with_limit(120) } };
    let subject = Subject::with(database, OPTIONS, options)?;
    let another = subject.second_instance()?;
    let other = another.start_queue(options)?;
    let group = subject.create(new_group_of("g", "t", 1))?.id;
    let older_program = |first: i64| {
        let mut session = subject.database().plain_sql().unwrap();
        move || {
            for user_id in first..first + 50 {
                session.execute(&join_of_older_program(group, user_id, 120)).unwrap();
            }
        }
    };
    let admitted = thread::scope(|scope| {
        let sessions = [1_000, 2_000].map(|first| scope.spawn(older_program(first)));
        let members = [subject.members.clone(), other.members()];
        let joins = (3_000..3_100).map(|user_id| {
            let members = &members[usize::from(user_id % 2 == 0)];
            members.join(new_member(group, user_id))
        });
        let answers = subject.run(join_all(joins));
        for session in sessions {
            session.join().unwrap();
        }
        answers
    });
    for answer in admitted {
        let is_full = matches!(answer, Err(JoinError::Refused(RefusedJoin::GroupFull(GroupFull))));
        assert!(is_full || answer.is_ok(), "{answer:?}");
    }
    other.close();
    assert_eq!(stored_members(&subject, group)?, 120);
    Ok(())
}

/// The statement of joins before counts were remembered.
fn join_of_older_program(group: GroupId, user_id: i64, limit: i64) -> String {
    format!(
        "WITH locked AS MATERIALIZED (SELECT id FROM groups WHERE id = ANY('{{{group}}}') ORDER BY id FOR NO KEY UPDATE),
         counted AS MATERIALIZED (
             SELECT id, memberships FROM count_memberships((SELECT array_agg(id) FROM locked), {limit}))
         INSERT INTO members (group_id, user_id, joined_at)
         SELECT id, {user_id}, now() FROM counted WHERE memberships + 1 < {limit}"
    )
}
