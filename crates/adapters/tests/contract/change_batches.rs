//! Tests of batches that have only changes. On PostgreSQL one statement stores those that still apply to the groups that
//! the writer remembers; a transaction decides the others.

use crate::{
    DatabaseCase,
    lanes::{assert_no_deadlock, in_one_batch},
    subject::{ONE_WRITER, OPTIONS, Subject, WRITERS, row},
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use gochat_adapters::CommitOptions;
use gochat_domain::{
    group::{Expected, Group, GroupChange, GroupId, GroupKey, Version},
    ports::{ChangeGroupError, CreateGroupError, GroupRepository},
    testing::{at, group_change, new_group, new_group_of},
};
use gochat_test_support::{TestDatabase, cases};
use std::sync::Arc;

pub fn cases() -> Vec<DatabaseCase> {
    cases![
        each_change_of_a_batch_gets_its_own_answer,
        changes_of_one_group_in_one_batch_follow_each_other,
        names_that_groups_of_one_batch_share_are_given_in_the_order_of_their_ids,
        a_change_follows_what_another_session_has_committed,
    ]
}

pub fn postgres_cases() -> Vec<DatabaseCase> {
    cases![
        a_change_waits_for_a_session_that_changes_its_group,
        a_rename_waits_for_a_session_that_takes_its_name,
        a_rename_and_a_session_that_want_each_others_names_do_not_deadlock,
        renames_and_creates_that_want_each_others_names_on_two_instances_never_deadlock,
    ]
}

type Answer = Result<Group, ChangeGroupError>;

fn change(
    subject: &Subject,
    id: GroupId,
    change: GroupChange,
    expected: Expected,
) -> BoxFuture<'static, Answer> {
    let groups = Arc::clone(&subject.groups);
    async move { groups.change(id, change, expected, at(100)).await }.boxed()
}

fn rename(subject: &Subject, group: &Group, name: &str) -> BoxFuture<'static, Answer> {
    change(subject, group.id, group_change(Some(name), None, None), Expected::Any)
}

fn one_version(number: i64) -> Expected {
    Expected::OneOf(vec![Version::new(number).unwrap()])
}

/// Stores groups with these names, the token `t` and the administrator 1.
fn create<const N: usize>(subject: &Subject, names: [&str; N]) -> [Group; N] {
    names.map(|name| subject.create(new_group_of(name, "t", 1)).unwrap())
}

/// The one of `groups` that was created with this name.
fn named<'a>(groups: &'a [Group], name: &str) -> &'a Group {
    groups.iter().find(|group| group.name.as_str() == name).unwrap()
}

/// The answers as text: a changed group as its name, token, administrator and version; a refusal as its kind.
fn texts(answers: &[Answer]) -> Vec<String> {
    let text = |answer: &Answer| match answer {
        Ok(Group { name, token, admin_id, version, .. }) => {
            format!("{} {} {} v{}", name.as_str(), token.as_str(), admin_id.get(), version.get())
        }
        Err(error) => format!("{error:?}").split('(').next().unwrap().to_owned(),
    };
    answers.iter().map(text).collect()
}

/// Checks that the groups are stored with these names, tokens, administrators and versions.
fn assert_stored(subject: &Subject, groups: &[Group], expected: &[&str]) {
    let find = |group: &Group| subject.run(subject.reader.find(&GroupKey::Id(group.id))).unwrap().unwrap();
    let stored: Vec<_> = groups.iter().map(find).collect();
    for group in &stored {
        assert_eq!(subject.stored(group.name.as_str()), [row(group)]);
    }
    assert_eq!(texts(&stored.into_iter().map(Ok).collect::<Vec<_>>()), expected);
}

fn each_change_of_a_batch_gets_its_own_answer(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    create(&subject, ["outside"]);
    let groups = create(&subject, ["a", "b", "c", "d", "e", "f", "g"]);
    let group = |name| named(&groups, name);
    let answers = in_one_batch(
        &subject,
        vec![
            rename(&subject, group("a"), "x"),
            change(&subject, group("b").id, group_change(None, Some("u"), None), one_version(1)),
            change(&subject, group("c").id, group_change(Some("y"), None, None), one_version(2)),
            rename(&subject, group("d"), "d"),
            rename(&subject, group("e"), "outside"),
            change(&subject, group("f").id, group_change(Some("w"), Some("u"), Some(2)), Expected::Any),
            change(&subject, GroupId::new(1_000_000)?, group_change(Some("z"), None, None), Expected::Any),
            change(&subject, group("g").id, group_change(Some("v"), Some("u"), None), Expected::Any),
        ],
    );
    let expected = [
        "x t 1 v2",
        "b u 1 v2",
        "PreconditionFailed",
        "d t 1 v1",
        "NameTaken",
        "w u 2 v2",
        "NotFound",
        "v u 1 v2",
    ];
    assert_eq!(texts(&answers), expected);
    let stored = ["x t 1 v2", "b u 1 v2", "c t 1 v1", "d t 1 v1", "e t 1 v1", "w u 2 v2", "v u 1 v2"];
    assert_stored(&subject, &groups, &stored);
    // What the writer remembers of each group is what is stored.
    let again = groups
        .iter()
        .map(|group| change(&subject, group.id, group_change(None, Some("last"), None), Expected::Any));
    let answers = in_one_batch(&subject, again.collect());
    let last = [
        "x last 1 v3",
        "b last 1 v3",
        "c last 1 v2",
        "d last 1 v2",
        "e last 1 v2",
        "w last 2 v3",
        "v last 1 v3",
    ];
    assert_eq!(texts(&answers), last);
    assert_stored(&subject, &groups, &last);
    Ok(())
}

fn changes_of_one_group_in_one_batch_follow_each_other(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    let groups = create(&subject, ["g", "h"]);
    let [g, h] = &groups;
    let answers = in_one_batch(
        &subject,
        vec![
            rename(&subject, g, "z"),
            change(&subject, g.id, group_change(None, Some("u"), None), one_version(1)),
            change(&subject, g.id, group_change(Some("a"), None, None), one_version(2)),
            change(&subject, g.id, group_change(None, Some("v"), None), one_version(3)),
            // A hand-over is decided in a transaction, and so is what follows it.
            rename(&subject, h, "y"),
            change(&subject, h.id, group_change(None, None, Some(2)), one_version(2)),
            change(&subject, h.id, group_change(Some("x"), None, None), one_version(3)),
        ],
    );
    let expected =
        ["z t 1 v2", "PreconditionFailed", "a t 1 v3", "a v 1 v4", "y t 1 v2", "y t 2 v3", "x t 2 v4"];
    assert_eq!(texts(&answers), expected);
    assert_stored(&subject, &groups, &["a v 1 v4", "x t 2 v4"]);
    for free in ["g", "z", "h", "y"] {
        assert!(subject.stored(free).is_empty(), "{free}");
    }
    Ok(())
}

fn names_that_groups_of_one_batch_share_are_given_in_the_order_of_their_ids(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    let groups = create(&subject, ["a", "b", "c", "d", "e"]);
    let group = |name| named(&groups, name);
    // A swap: each wants the name of the other.
    let answers =
        in_one_batch(&subject, vec![rename(&subject, group("a"), "b"), rename(&subject, group("b"), "a")]);
    assert_eq!(texts(&answers), ["NameTaken", "NameTaken"]);
    // A name that a group with a smaller id gives up is free, and one that a group with a greater id gives up is not.
    let answers = in_one_batch(
        &subject,
        vec![
            rename(&subject, group("a"), "x"),
            rename(&subject, group("b"), "a"),
            rename(&subject, group("c"), "d"),
            rename(&subject, group("d"), "y"),
        ],
    );
    assert_eq!(texts(&answers), ["x t 1 v2", "a t 1 v2", "NameTaken", "y t 1 v2"]);
    // Two groups want the same name.
    let answers =
        in_one_batch(&subject, vec![rename(&subject, group("d"), "w"), rename(&subject, group("e"), "w")]);
    assert_eq!(texts(&answers), ["w t 1 v3", "NameTaken"]);
    assert_stored(&subject, &groups, &["x t 1 v2", "a t 1 v2", "c t 1 v1", "w t 1 v3", "e t 1 v1"]);
    Ok(())
}

/// The writer remembers the groups from their first changes.
fn a_change_follows_what_another_session_has_committed(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    let groups = create(&subject, ["a", "b", "c", "d"]);
    let [a, b, c, d] = &groups;
    let first = groups
        .iter()
        .map(|group| change(&subject, group.id, group_change(None, Some("u"), None), Expected::Any));
    assert_eq!(
        texts(&in_one_batch(&subject, first.collect())),
        ["a u 1 v2", "b u 1 v2", "c u 1 v2", "d u 1 v2"]
    );
    subject
        .database()
        .execute("UPDATE groups SET name = 'other', admin_id = 9, version = 3 WHERE name = 'a'")?;
    subject.database().execute("UPDATE groups SET token = 'other', version = 3 WHERE name = 'b'")?;
    subject.database().execute("DELETE FROM groups WHERE name = 'c'")?;
    let answers = in_one_batch(
        &subject,
        vec![
            change(&subject, a.id, group_change(None, Some("v"), None), Expected::Any),
            change(&subject, b.id, group_change(None, Some("v"), None), one_version(2)),
            rename(&subject, c, "x"),
            rename(&subject, d, "a"),
        ],
    );
    assert_eq!(texts(&answers), ["other v 9 v4", "PreconditionFailed", "NotFound", "a u 1 v3"]);
    let left = [a.clone(), b.clone(), d.clone()];
    assert_stored(&subject, &left, &["other v 9 v4", "b other 1 v3", "a u 1 v3"]);
    Ok(())
}

fn a_change_waits_for_a_session_that_changes_its_group(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    let groups = create(&subject, ["g"]);
    let mut other = subject.database().plain_sql()?;
    for (end, expected, stored) in
        [("ROLLBACK", "g u 1 v2", "g u 1 v2"), ("COMMIT", "PreconditionFailed", "g other 1 v3")]
    {
        other.execute("BEGIN; UPDATE groups SET token = 'other', version = version + 1")?;
        let version = if end == "COMMIT" { 2 } else { 1 };
        let answer = subject.run(async {
            let token = group_change(None, Some("u"), None);
            let mut change = change(&subject, groups[0].id, token, one_version(version));
            assert!(futures_util::poll!(&mut change).is_pending());
            subject.wait_for_lock();
            other.execute(end).unwrap();
            change.await
        });
        assert_eq!(texts(&[answer]), [expected]);
        assert_stored(&subject, &groups, &[stored]);
    }
    Ok(())
}

/// The other change of the batch is made once, whatever becomes of the name.
fn a_rename_waits_for_a_session_that_takes_its_name(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    let groups = create(&subject, ["a", "b", "c"]);
    let [a, b, c] = &groups;
    let (mut taker, mut blocker) = (subject.database().plain_sql()?, subject.database().plain_sql()?);
    let token = |group: &Group, token| {
        change(&subject, group.id, group_change(None, Some(token), None), Expected::Any)
    };
    for (end, text, expected) in
        [("COMMIT", "l", ["NameTaken", "b l 1 v2"]), ("ROLLBACK", "m", ["m t 1 v2", "b m 1 v3"])]
    {
        taker.execute(&format!("BEGIN; {}", insert(text)))?;
        blocker.execute("BEGIN; SELECT FROM groups WHERE name = 'c' FOR UPDATE")?;
        let answers = subject.run(async {
            let mut first = token(c, text);
            assert!(futures_util::poll!(&mut first).is_pending());
            subject.wait_for_empty_queue();
            let mut batch = [rename(&subject, a, text), token(b, text)];
            for change in &mut batch {
                assert!(futures_util::poll!(change).is_pending());
            }
            blocker.execute("ROLLBACK").unwrap();
            first.await.unwrap();
            subject.wait_for_lock();
            taker.execute(end).unwrap();
            join_all(batch).await
        });
        assert_eq!(texts(&answers), expected);
    }
    assert_stored(&subject, &groups, &["m t 1 v2", "b m 1 v3", "c m 1 v3"]);
    assert_no_deadlock(&subject)
}

/// SQL that stores a group if its name is free.
fn insert(name: &str) -> String {
    format!(
        "INSERT INTO groups (uuid, name, token, admin_id, created_at)
         VALUES (gen_random_uuid(), '{name}', 't', 1, now()) ON CONFLICT (name) DO NOTHING"
    )
}

/// The statement of the rename locks the old name before it waits for the new one. Its short lock timeout ends the wait,
/// and the rename is decided again in a transaction.
fn a_rename_and_a_session_that_want_each_others_names_do_not_deadlock(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    let mut other = subject.database().plain_sql()?;
    for round in 0..20 {
        let (old, new) = (format!("z{round}"), format!("a{round}"));
        let groups = create(&subject, [&old]);
        other.execute(&format!("BEGIN; {}", insert(&new)))?;
        let answer = subject.run(async {
            let mut rename = rename(&subject, &groups[0], &new);
            assert!(futures_util::poll!(&mut rename).is_pending());
            subject.wait_for_lock();
            other.execute(&format!("{}; COMMIT", insert(&old))).unwrap();
            rename.await
        });
        assert_eq!(texts(&[answer]), ["NameTaken"]);
        assert_stored(&subject, &groups, &[&format!("{old} t 1 v1")]);
    }
    assert_no_deadlock(&subject)
}

/// The batches are small and there are many names, so that most batches of changes are one statement.
fn renames_and_creates_that_want_each_others_names_on_two_instances_never_deadlock(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let options = CommitOptions { batch: 8, ..WRITERS };
    let mut first = Subject::with(database, OPTIONS, options)?;
    let other = first.second_instance()?.start_queue(options)?;
    let created = (0..100).map(|number| first.groups.create(new_group(&format!("g{number:03}")), None));
    let created = first.run(join_all(created)).into_iter().collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<_> = created.iter().map(|created| created.group.id).collect();
    for round in 0..5 {
        let writes = (0..600).map(|number| {
            let groups = if number % 2 == 0 { Arc::clone(&first.groups) } else { other.groups() };
            let (id, name) = (ids[fastrand::usize(..ids.len())], format!("g{:03}", fastrand::u32(..300)));
            rename_or_create(groups, (number % 4 < 2).then_some(id), name)
        });
        let answers = first.run(join_all(writes));
        assert!(answers.iter().all(|is_decided| *is_decided), "round {round}");
    }
    other.close();
    first.close();
    let names = first.database().rows("SELECT count(*)::text, count(DISTINCT name)::text FROM groups")?;
    assert_eq!(names[0][0], names[0][1]);
    assert_no_deadlock(&first)
}

/// Renames the group with this id, or creates one. Returns false if the database fails.
fn rename_or_create(
    groups: Arc<dyn GroupRepository>,
    id: Option<GroupId>,
    name: String,
) -> BoxFuture<'static, bool> {
    let Some(id) = id else {
        let create = async move { groups.create(new_group(&name), None).await };
        return create.map(|answer| matches!(answer, Ok(_) | Err(CreateGroupError::NameTaken))).boxed();
    };
    let rename = group_change(Some(&name), None, None);
    let rename = async move { groups.change(id, rename, Expected::Any, at(100)).await };
    rename.map(|answer| matches!(answer, Ok(_) | Err(ChangeGroupError::NameTaken))).boxed()
}
