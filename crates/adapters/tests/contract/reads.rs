//! The contract of `GroupReader`.

use crate::{
    Case, DatabaseCase,
    subject::{OPTIONS, Subject, WRITERS, default_to_repeatable_read},
};
use futures_util::future::{join, join_all};
use gochat_adapters::{CommitOptions, DatabaseOptions};
use gochat_domain::testing::{new_group, new_group_of};
use gochat_domain::{
    group::{Group, GroupId, GroupKey, GroupName, GroupNamePrefix, NewGroup},
    ports::StorageError,
};
use gochat_test_support::{Backend, PlainSql, TestDatabase, cases, deadline};
use std::{collections::BTreeSet, ops::RangeInclusive, task::Poll, thread, time::Duration};

pub fn cases() -> Vec<Case> {
    cases![
        a_group_is_found_by_each_of_its_keys_as_it_was_created,
        an_unknown_group_is_not_found,
        look_ups_at_the_same_time_each_find_their_own_group,
        a_group_is_found_as_soon_as_its_create_has_returned_while_others_are_looked_up,
        groups_are_listed_in_the_order_of_their_ids,
        paging_returns_each_group_once_during_concurrent_creates,
        groups_are_listed_by_the_beginning_of_their_names,
        names_with_the_last_characters_of_unicode_are_listed,
        paging_by_name_returns_each_group_once_while_others_come_and_go,
    ]
}

pub fn database_cases() -> Vec<DatabaseCase> {
    cases![a_row_that_cannot_be_read_fails_only_its_own_look_ups]
}

pub fn postgres_cases() -> Vec<DatabaseCase> {
    cases![
        a_group_is_not_listed_while_a_smaller_id_may_still_appear,
        a_page_read_before_a_batch_committed_is_read_again,
        a_list_that_waits_for_a_batch_blocks_no_create,
        reads_recover_at_once_after_a_long_lock,
        dead_connections_are_replaced_without_failed_requests,
    ]
}

fn a_group_is_found_by_each_of_its_keys_as_it_was_created(subject: Subject) -> anyhow::Result<()> {
    subject.create(new_group("other"))?;
    for given in [new_group_of(&"\u{1d11e}".repeat(63), " \"\\ ", i64::MAX), new_group("'; --")] {
        let created = subject.create(given)?;
        for key in keys(&created) {
            assert_eq!(subject.run(subject.reader.find(&key))?.as_ref(), Some(&created), "{key:?}");
        }
    }
    Ok(())
}

fn an_unknown_group_is_not_found(subject: Subject) -> anyhow::Result<()> {
    subject.create(new_group("A"))?;
    for key in [
        GroupKey::Id(GroupId::new(i64::MAX)?),
        GroupKey::Uuid(uuid::Uuid::max()),
        GroupKey::Name(new_group("a").name),
    ] {
        assert_eq!(subject.run(subject.reader.find(&key))?, None, "{key:?}");
    }
    Ok(())
}

/// The three keys of a group.
fn keys(group: &Group) -> [GroupKey; 3] {
    [GroupKey::Id(group.id), GroupKey::Uuid(group.uuid), GroupKey::Name(group.name.clone())]
}

fn look_ups_at_the_same_time_each_find_their_own_group(subject: Subject) -> anyhow::Result<()> {
    let mut expected = Vec::new();
    for number in 0..30 {
        let created = subject.create(new_group(&format!("g{number}")))?;
        expected.extend(keys(&created).map(|key| (key, Some(created.clone()))));
    }
    for unknown in 1_000..1_010 {
        expected.push((GroupKey::Id(GroupId::new(unknown)?), None));
        expected.push((GroupKey::Uuid(uuid::Uuid::from_u128(unknown.unsigned_abs().into())), None));
        expected.push((GroupKey::Name(new_group(&format!("g{unknown}")).name), None));
    }
    // Each key several times.
    let expected = [&expected[..], &expected, &expected].concat();
    let found = subject.run(join_all(expected.iter().map(|(key, _)| subject.reader.find(key))));
    for (found, (key, expected)) in found.into_iter().zip(&expected) {
        assert_eq!(&found?, expected, "{key:?}");
    }
    Ok(())
}

fn a_group_is_found_as_soon_as_its_create_has_returned_while_others_are_looked_up(
    subject: Subject,
) -> anyhow::Result<()> {
    let unknown = GroupKey::Id(GroupId::new(i64::MAX)?);
    let client = |client: usize| {
        let (subject, unknown) = (&subject, &unknown);
        async move {
            for number in 0..20 {
                let group = new_group(&format!("client {client} group {number}"));
                let created = subject.groups.create(group, None).await?.group;
                let key = &keys(&created)[number % 3];
                assert_eq!(subject.reader.find(key).await?.as_ref(), Some(&created), "{key:?}");
                assert_eq!(subject.reader.find(unknown).await?, None);
            }
            anyhow::Ok(())
        }
    };
    subject.run(join_all((0..16).map(client))).into_iter().collect()
}

fn a_row_that_cannot_be_read_fails_only_its_own_look_ups(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    let groups: Vec<_> =
        (0..20).map(|number| subject.create(new_group(&format!("g{number}")))).collect::<Result<_, _>>()?;
    // No stored name begins with white space, and no timestamp is that late.
    let late = match subject.database().backend() {
        Backend::Sqlite => "9223372036854775807",
        Backend::Postgres => "'infinity'",
    };
    subject.database().execute(&format!(
        "UPDATE groups SET name = ' g' WHERE id = {}; UPDATE groups SET created_at = {late} WHERE id = {}",
        groups[3].id, groups[11].id
    ))?;
    for key in 0..3 {
        let found = subject.run(join_all(groups.iter().map(|group| {
            let key = keys(group)[key].clone();
            async { subject.reader.find(&{ key }).await }
        })));
        for (number, (found, group)) in found.into_iter().zip(&groups).enumerate() {
            match (number, key) {
                // Its name is another one now.
                (3, 2) => assert_eq!(found?, None),
                (3 | 11, _) => assert!(matches!(found, Err(StorageError::Unknown(_))), "{found:?}"),
                _ => assert_eq!(found?.as_ref(), Some(group)),
            }
        }
    }
    Ok(())
}

fn groups_are_listed_in_the_order_of_their_ids(subject: Subject) -> anyhow::Result<()> {
    assert_eq!(subject.run(subject.reader.list(None, 10))?, []);
    let created: Vec<_> = ["c", "a", "b", "d"]
        .map(|name| subject.create(new_group(name)))
        .into_iter()
        .collect::<Result<_, _>>()?;
    let list =
        |after: Option<&Group>, limit| subject.run(subject.reader.list(after.map(|group| group.id), limit));
    assert_eq!(list(None, 10)?, created);
    assert_eq!(list(None, 4)?, created);
    assert_eq!(list(None, 3)?, created[..3]);
    assert_eq!(list(Some(&created[1]), 1)?, created[2..3]);
    assert_eq!(list(Some(&created[3]), 1)?, []);
    subject.delete("a");
    assert_eq!(list(Some(&created[0]), 10)?, created[2..]);
    assert_eq!(subject.run(subject.reader.list(Some(created[1].id), 10))?, created[2..]);
    Ok(())
}

fn paging_returns_each_group_once_during_concurrent_creates(subject: Subject) -> anyhow::Result<()> {
    let names: Vec<_> = (0..1000).map(|number| format!("g{number}")).collect();
    let groups = std::sync::Arc::clone(&subject.groups);
    let creating = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        for names in names.chunks(50) {
            runtime.block_on(join_all(names.iter().map(|name| groups.create(new_group(name), None))));
        }
    });
    let (mut seen, mut after) = (Vec::new(), None);
    deadline::eventually("the last page", || {
        let is_over = creating.is_finished();
        let page = subject.run(subject.reader.list(after, 7)).unwrap();
        let is_last = is_over && page.is_empty();
        after = page.last().map(|group| group.id).or(after);
        seen.extend(page);
        is_last.then_some(())
    });
    creating.join().unwrap();
    assert_eq!(seen.iter().map(|group| group.name.as_str()).collect::<BTreeSet<_>>().len(), 1000);
    assert_eq!(seen.len(), 1000);
    assert!(seen.is_sorted_by_key(|group| group.id));
    Ok(())
}

/// The names of the groups on a page.
fn names_from(
    subject: &Subject,
    prefix: &str,
    after: Option<&str>,
    limit: u16,
) -> anyhow::Result<Vec<String>> {
    let after = after.map(GroupName::parse_existing).transpose()?;
    let prefix = GroupNamePrefix::parse(prefix)?;
    let page = subject.run(subject.reader.list_by_name(&prefix, after, limit))?;
    Ok(page.into_iter().map(|group| group.name.as_str().to_owned()).collect())
}

fn groups_are_listed_by_the_beginning_of_their_names(subject: Subject) -> anyhow::Result<()> {
    let given =
        ["ab", "a", "b", "a b", "A", "a_", "a%", "\u{e4}", "abc", "aB", "a\u{e4}", "a\u{1f4f1}", "a\u{ffe6}"];
    let created: Vec<_> =
        given.iter().map(|name| subject.create(new_group(name))).collect::<Result<_, _>>()?;
    // In the order of bytes, which is that of code points: capitals before small letters, other letters last.
    let with_a = ["a", "a b", "a%", "aB", "a_", "ab", "abc", "a\u{e4}", "a\u{ffe6}", "a\u{1f4f1}"];
    for (prefix, after, limit, expected) in [
        ("a", None, 20, &with_a[..]),
        ("a", None, 3, &with_a[..3]),
        ("a", Some("a%"), 3, &with_a[3..6]),
        ("a", Some("a\u{1f4f1}"), 3, &[]),
        // No group has this name.
        ("a", Some("a&"), 2, &with_a[3..5]),
        // It does not begin with the prefix.
        ("a", Some("A"), 2, &with_a[..2]),
        ("a", Some("b"), 2, &[]),
        ("ab", None, 20, &["ab", "abc"]),
        ("ab", Some("ab"), 20, &["abc"]),
        ("a ", None, 20, &["a b"]),
        ("a_", None, 20, &["a_"]),
        ("%", None, 20, &[]),
        ("\u{e4}", None, 20, &["\u{e4}"]),
        ("a\u{308}", None, 20, &["\u{e4}"]),
        ("abcd", None, 20, &[]),
    ] {
        assert_eq!(names_from(&subject, prefix, after, limit)?, expected, "{prefix:?} {after:?} {limit}");
    }
    let page = subject.run(subject.reader.list_by_name(&GroupNamePrefix::parse("abc")?, None, 1))?;
    assert_eq!(page, [created[8].clone()]);
    Ok(())
}

/// No new group has such a name, but stored groups may.
fn names_with_the_last_characters_of_unicode_are_listed(subject: Subject) -> anyhow::Result<()> {
    let last = "\u{10ffff}";
    let names = [
        last.to_owned(),
        last.repeat(2),
        last.repeat(63),
        format!("a{last}"),
        format!("a{last}b"),
        "b".to_owned(),
    ];
    for name in &names {
        let name = GroupName::parse_existing(name)?;
        subject.create(NewGroup { name, ..new_group("g") })?;
    }
    assert_eq!(names_from(&subject, last, None, 20)?, names[..3]);
    assert_eq!(names_from(&subject, last, Some(&names[1]), 20)?, names[2..3]);
    assert_eq!(names_from(&subject, last, Some(&names[2]), 20)?, Vec::<String>::new());
    assert_eq!(names_from(&subject, &last.repeat(63), None, 20)?, names[2..3]);
    assert_eq!(names_from(&subject, "a", None, 20)?, names[3..5]);
    assert_eq!(names_from(&subject, &names[3], Some(&names[3]), 20)?, names[4..5]);
    Ok(())
}

fn paging_by_name_returns_each_group_once_while_others_come_and_go(subject: Subject) -> anyhow::Result<()> {
    let kept: Vec<_> = (0..20).map(|number| format!("g{number:02}")).collect();
    for name in kept.iter().rev() {
        subject.create(new_group(name))?;
    }
    let mut seen: Vec<String> = Vec::new();
    for round in 0.. {
        let page = names_from(&subject, "g", seen.last().map(String::as_str), 3)?;
        if page.is_empty() {
            break;
        }
        seen.extend(page);
        // Before and after the last name of the page.
        let (early, late) = (format!("g00 {round}"), format!("g99 {round}"));
        subject.create(new_group(&early))?;
        subject.create(new_group(&late))?;
        if round > 6 {
            subject.delete(&late);
        }
        subject.delete(seen.last().unwrap());
    }
    assert!(seen.is_sorted(), "{seen:?}");
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "{seen:?}");
    assert!(kept.iter().all(|name| seen.contains(name)), "{seen:?}");
    Ok(())
}

/// Stores groups with these ids.
fn store(connection: &mut PlainSql, ids: RangeInclusive<i64>) -> anyhow::Result<()> {
    let (first, last) = ids.into_inner();
    connection.execute(&format!(
        "INSERT INTO groups (id, uuid, name, token, admin_id, created_at)
         SELECT id, gen_random_uuid(), 'g' || id, 't', 1, now() FROM generate_series({first}, {last}) id"
    ))
}

/// Opens a transaction that holds the batch lock and has stored these groups.
fn batch(subject: &Subject, ids: RangeInclusive<i64>) -> anyhow::Result<PlainSql> {
    let mut batch = subject.database().plain_sql()?;
    batch.execute("BEGIN; SELECT pg_advisory_xact_lock_shared(x'67726f757073'::bigint)")?;
    store(&mut batch, ids)?;
    Ok(batch)
}

fn ids(groups: &[Group]) -> Vec<i64> {
    groups.iter().map(|group| group.id.get()).collect()
}

fn a_group_is_not_listed_while_a_smaller_id_may_still_appear(database: TestDatabase) -> anyhow::Result<()> {
    default_to_repeatable_read(&database)?;
    let subject = Subject::on(database)?;
    let list = |after, limit| subject.run(subject.reader.list(GroupId::new(after).ok(), limit));
    store(&mut subject.database().plain_sql()?, 1..=3)?;
    assert_eq!(ids(&list(0, 10)?), [1, 2, 3]);
    let mut late = batch(&subject, 5..=5)?;
    store(&mut subject.database().plain_sql()?, 6..=8)?;
    for (after, limit) in [(0, 10), (3, 1), (5, 10), (7, 1)] {
        let refused = list(after, limit);
        assert!(matches!(refused, Err(StorageError::Unavailable(_))), "{refused:?}");
    }
    // Pages that are known to be complete are still served, including an empty last page.
    assert_eq!(ids(&list(0, 3)?), [1, 2, 3]);
    assert_eq!(list(8, 10)?, []);
    late.execute("COMMIT")?;
    assert_eq!(ids(&list(3, 2)?), [5, 6]);
    assert_eq!(ids(&list(6, 10)?), [7, 8]);
    Ok(())
}

fn a_list_that_waits_for_a_batch_blocks_no_create(database: TestDatabase) -> anyhow::Result<()> {
    let timeout = CommitOptions { timeout: Duration::from_secs(5), ..WRITERS };
    let subject = Subject::with(database, OPTIONS, timeout)?;
    let _stuck = batch(&subject, 1_000_000..=1_000_000)?;
    store(&mut subject.database().plain_sql()?, 1_000_001..=1_000_001)?;
    let refused = subject.run(async {
        let mut list = subject.reader.list(None, 10);
        for number in 0.. {
            subject.groups.create(new_group(&format!("other {number}")), None).await.unwrap();
            if let Poll::Ready(answer) = futures_util::poll!(&mut list) {
                return answer;
            }
        }
        unreachable!()
    });
    assert!(matches!(refused, Err(StorageError::Unavailable(_))), "{refused:?}");
    Ok(())
}

fn a_page_read_before_a_batch_committed_is_read_again(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    let mut blocker = subject.database().plain_sql()?;
    // While the table `closed` exists, each query of groups takes its snapshot and then waits for an advisory lock.
    blocker.execute(
        "CREATE TABLE closed ();
         CREATE FUNCTION pass() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
             IF to_regclass('closed') IS NOT NULL THEN PERFORM pg_advisory_xact_lock_shared(1); END IF;
             RETURN true;
         END $$;
         ALTER TABLE groups RENAME TO all_groups;
         CREATE VIEW groups AS SELECT * FROM all_groups WHERE pass();
         SELECT pg_advisory_lock(1)",
    )?;
    let mut late = batch(&subject, 5..=5)?;
    store(&mut blocker, 6..=8)?;
    subject.run(async {
        let mut page = subject.reader.list(None, 3);
        assert!(futures_util::poll!(&mut page).is_pending());
        subject.wait_for_lock();
        late.execute("COMMIT").unwrap();
        blocker.execute("DROP TABLE closed").unwrap();
        assert_eq!(ids(&subject.reader.list(None, 10).await.unwrap()), [5, 6, 7, 8]);
        blocker.execute("SELECT pg_advisory_unlock(1)").unwrap();
        assert_eq!(ids(&page.await.unwrap()), [5, 6, 7]);
    });
    Ok(())
}

/// PostgreSQL only: readers of SQLite wait for no lock.
fn reads_recover_at_once_after_a_long_lock(database: TestDatabase) -> anyhow::Result<()> {
    let options = DatabaseOptions { read_queue: 100, timeout: Duration::from_secs(2), ..OPTIONS };
    let subject = Subject::with(database, options, WRITERS)?;
    let stored = subject.create(new_group("g"))?;
    let key = GroupKey::Id(stored.id);
    let mut lock = subject.database().lock_groups()?;
    for _ in 0..2 {
        // Each list takes a thread, so that the look-ups wait.
        let lists = join_all((0..options.pool_size).map(|_| subject.reader.list(None, 1)));
        let look_ups = join_all((0..300).map(|_| subject.reader.find(&key)));
        let (lists, reads) = subject.run(join(lists, look_ups));
        for list in lists {
            assert!(matches!(list, Err(StorageError::Unavailable(_))), "{list:?}");
        }
        let count = |reason: &str| {
            let unavailable = |read: &Result<_, _>| matches!(read, Err(StorageError::Unavailable(cause)) if cause.to_string().contains(reason));
            reads.iter().filter(|read| unavailable(read)).count()
        };
        // PostgreSQL may cancel a read before the pool's own timeout. After the timeout, a read of the previous round may
        // still occupy its thread for a moment, and a list then takes a place in the queue.
        let full = count("the queue of reads is full");
        assert!((200..=202).contains(&full), "{full}: {reads:?}");
        assert_eq!(full + count("took too long") + count("timeout"), 300, "{reads:?}");
    }
    lock.execute("ROLLBACK")?;
    assert_eq!(subject.run(subject.reader.find(&key))?, Some(stored));
    Ok(())
}

fn dead_connections_are_replaced_without_failed_requests(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    let stored = subject.create(new_group("g"))?;
    // Opens the connection of the other writer.
    subject.create(new_group("h"))?;
    let key = GroupKey::Id(stored.id);
    // Enough concurrent reads to fill the pool.
    let find = || subject.run(join_all((0..20).map(|_| subject.reader.find(&key))));
    for found in find() {
        assert_eq!(found?, Some(stored.clone()));
    }
    let end = "SELECT pg_terminate_backend(pid, 20000)::text FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let ended = subject.database().rows(end)?;
    assert!(ended.len() > 1 && ended.iter().all(|ended| ended == &["true"]), "{ended:?}");
    for found in find() {
        assert_eq!(found?, Some(stored.clone()));
    }
    subject.create(new_group("after"))?;
    Ok(())
}
