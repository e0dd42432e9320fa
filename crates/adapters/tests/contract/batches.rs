//! Tests of group commit.

use crate::{
    DatabaseCase,
    subject::{ONE_WRITER, OPTIONS, Subject, WRITERS, row},
};
use futures_util::{
    StreamExt,
    future::{Either, join_all, select},
    stream::FuturesOrdered,
};
use gochat_adapters::{CommitOptions, Database, DatabaseOptions};
use gochat_domain::testing::new_group;
use gochat_domain::{
    group::{GroupId, GroupKey},
    ports::{CreateGroupError, StorageError},
};
use gochat_test_support::{Backend, Cluster, PlainSql, TestDatabase, cases};
use std::time::Duration;

pub fn cases() -> Vec<DatabaseCase> {
    cases![
        each_create_in_a_mixed_batch_gets_its_own_answer,
        one_failing_row_leaves_the_rest_of_the_batch_stored,
        a_failed_transaction_fails_all_its_rows_and_the_queue_continues,
        a_full_queue_refuses_at_once_and_answers_every_accepted_write,
        a_full_queue_makes_enqueued_creates_wait,
        enqueued_creates_are_stored_in_their_order,
        a_caller_that_disconnects_does_not_affect_its_batch,
        closing_the_queue_answers_all_waiting_writes,
        no_create_is_answered_before_its_commit,
        two_instances_with_overlapping_names_never_deadlock,
        a_thousand_concurrent_creates_take_at_most_100_commits,
    ]
}

pub fn postgres_cases() -> Vec<DatabaseCase> {
    cases![a_stopped_server_is_unavailable]
}

/// Blocks the writers, so that the writes queued meanwhile form one batch.
fn lock(subject: &Subject) -> PlainSql {
    subject.database().lock_groups().unwrap()
}

fn each_create_in_a_mixed_batch_gets_its_own_answer(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    let taken = subject.create(new_group("taken"))?;
    let mut lock = lock(&subject);
    let names = ["first", "new 1", "taken", "twice", "new 2", "twice"];
    let answers = subject.create_while(names.map(new_group).into(), || lock.execute("ROLLBACK").unwrap());
    for (name, answer) in names.iter().zip(&answers) {
        match answer {
            Ok(created) => assert_eq!(subject.stored(name), [row(created)]),
            Err(error) => assert!(matches!(error, CreateGroupError::NameTaken), "{name}: {error:?}"),
        }
    }
    let created: Vec<_> = answers.iter().map(Result::is_ok).collect();
    // Of the two creates named "twice", the first is stored.
    assert_eq!(created, [true, true, false, true, true, false]);
    assert_eq!(subject.stored("taken"), [row(&taken)]);
    Ok(())
}

/// Makes the row `bad` fail with an error that the service does not know.
pub fn refuse_one_row(subject: &Subject) -> anyhow::Result<()> {
    subject.database().execute(match subject.database().backend() {
        Backend::Sqlite => {
            "CREATE TRIGGER fault BEFORE INSERT ON groups WHEN NEW.name = 'bad'
             BEGIN SELECT RAISE(ABORT, 'no such luck'); END"
        }
        Backend::Postgres => {
            "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$
                 BEGIN IF NEW.name = 'bad' THEN RAISE EXCEPTION 'no such luck'; END IF; RETURN NEW; END $$;
             CREATE TRIGGER fault BEFORE INSERT ON groups FOR EACH ROW EXECUTE FUNCTION fault()"
        }
    })
}

fn one_failing_row_leaves_the_rest_of_the_batch_stored(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    refuse_one_row(&subject)?;
    let mut lock = lock(&subject);
    let names = ["a", "bad", "b", "a"];
    let answers = subject.create_while(names.map(new_group).into(), || lock.execute("ROLLBACK").unwrap());
    assert_eq!(subject.stored("a"), [row(answers[0].as_ref().unwrap())]);
    assert!(
        matches!(
            &answers[1],
            Err(CreateGroupError::Storage(StorageError::Unavailable(cause) | StorageError::Unknown(cause)))
                if cause.to_string().contains("no such luck")
        ),
        "{answers:?}"
    );
    assert_eq!(subject.stored("b"), [row(answers[2].as_ref().unwrap())]);
    assert!(matches!(answers[3], Err(CreateGroupError::NameTaken)));
    assert!(subject.stored("bad").is_empty());
    Ok(())
}

fn a_failed_transaction_fails_all_its_rows_and_the_queue_continues(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let timeout = Duration::from_secs(1);
    let subject = Subject::with(database, DatabaseOptions { timeout, ..OPTIONS }, ONE_WRITER)?;
    subject.create(new_group("before"))?;
    let mut locked = lock(&subject);
    let names = ["a", "b", "c"];
    // Both databases time out by themselves.
    let answers = subject.run(join_all(names.map(|name| subject.groups.create(new_group(name), None))));
    for answer in answers {
        assert!(matches!(answer, Err(CreateGroupError::Storage(StorageError::Unavailable(_)))), "{answer:?}");
    }
    locked.execute("ROLLBACK")?;
    for name in names {
        assert!(subject.stored(name).is_empty(), "{name}");
    }
    let after = subject.create(new_group("a"))?;
    assert_eq!(subject.stored("a"), [row(&after)]);
    Ok(())
}

fn a_stopped_server_is_unavailable(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = Cluster::start(Cluster::FAST)?;
    let database = Database::connect(&cluster.url("postgres").parse()?, OPTIONS)?;
    database.migrate()?;
    let writers = database.start_queue(CommitOptions { timeout: Duration::from_secs(1), ..WRITERS })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(writers.groups().create(new_group("before"), None))?;
    drop(cluster);
    for _ in 0..2 {
        let refused = runtime.block_on(writers.groups().create(new_group("after"), None));
        assert!(
            matches!(refused, Err(CreateGroupError::Storage(StorageError::Unavailable(_)))),
            "{refused:?}"
        );
    }
    let id = GroupKey::Id(GroupId::new(1)?);
    let refused = runtime.block_on(database.group_reader().find(&id));
    assert!(matches!(refused, Err(StorageError::Unavailable(_))), "{refused:?}");
    writers.close();
    Ok(())
}

fn a_full_queue_refuses_at_once_and_answers_every_accepted_write(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, CommitOptions { queue: 2, batch: 1, ..ONE_WRITER })?;
    let mut lock = lock(&subject);
    let names: Vec<_> = (0..20).map(|number| format!("g{number:02}")).collect();
    let groups = names.iter().map(|name| new_group(name)).collect();
    let answers = subject.create_while(groups, || lock.execute("ROLLBACK").unwrap());
    let full = |answer: &Result<_, CreateGroupError>| match answer {
        Err(CreateGroupError::Storage(StorageError::Unavailable(cause))) => {
            cause.to_string() == "the queue of writes is full"
        }
        _ => false,
    };
    for (name, answer) in names.iter().zip(&answers) {
        assert!(answer.is_ok() != full(answer), "{answer:?}");
        assert_eq!(subject.stored(name), answer.iter().map(row).collect::<Vec<_>>());
    }
    // Two wait, and the writer may have taken one or two more.
    assert!((2..=4).contains(&answers.iter().flatten().count()), "{answers:?}");
    Ok(())
}

fn a_full_queue_makes_enqueued_creates_wait(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, CommitOptions { batch: 1, queue: 2, ..ONE_WRITER })?;
    let answers = subject.run(async {
        let (mut pending, mut answers) = (FuturesOrdered::new(), Vec::new());
        for number in 0..100 {
            let mut enqueue = subject.groups.enqueue_create(new_group(&format!("g{number}")), None);
            // The answers are read meanwhile, as a stream does.
            let answer = loop {
                match select(enqueue, pending.next()).await {
                    Either::Left((answer, _)) => break answer,
                    Either::Right((Some(answer), rest)) => {
                        answers.push(answer);
                        enqueue = rest;
                    }
                    Either::Right((None, rest)) => break rest.await,
                }
            };
            pending.push_back(answer);
        }
        answers.extend(pending.collect::<Vec<_>>().await);
        answers
    });
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(subject.database().rows("SELECT name FROM groups")?.len(), 100);
    Ok(())
}

fn enqueued_creates_are_stored_in_their_order(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    let answers = subject.run(async {
        let mut answers = Vec::new();
        for number in 0..1_000 {
            let group = new_group(&format!("g{}", number / 2));
            answers.push(subject.groups.enqueue_create(group, None).await);
        }
        join_all(answers).await
    });
    for pair in answers.chunks(2) {
        assert!(pair[0].is_ok() && matches!(pair[1], Err(CreateGroupError::NameTaken)), "{pair:?}");
    }
    Ok(())
}

fn a_caller_that_disconnects_does_not_affect_its_batch(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    let mut lock = lock(&subject);
    subject.run(async {
        let mut kept = subject.groups.create(new_group("kept"), None);
        let mut dropped = subject.groups.create(new_group("dropped"), None);
        assert!(futures_util::poll!(&mut kept).is_pending());
        assert!(futures_util::poll!(&mut dropped).is_pending());
        drop(dropped);
        lock.execute("ROLLBACK").unwrap();
        let created = kept.await.unwrap().group;
        assert_eq!(subject.stored("kept"), [row(&created)]);
    });
    subject.create(new_group("after"))?;
    Ok(())
}

fn closing_the_queue_answers_all_waiting_writes(database: TestDatabase) -> anyhow::Result<()> {
    let mut subject = Subject::with(database, OPTIONS, CommitOptions { batch: 10, ..ONE_WRITER })?;
    let mut locked = lock(&subject);
    let names: Vec<_> = (0..100).map(|number| format!("g{number:02}")).collect();
    let groups = std::sync::Arc::clone(&subject.groups);
    let mut creates: Vec<_> = names.iter().map(|name| groups.create(new_group(name), None)).collect();
    subject.run(async {
        for create in &mut creates {
            assert!(futures_util::poll!(create).is_pending());
        }
    });
    locked.execute("ROLLBACK")?;
    subject.close();
    // Everything is stored when `close` returns, before any answer is read.
    for name in &names {
        assert_eq!(subject.stored(name).len(), 1, "{name}");
    }
    assert!(subject.run(join_all(creates)).iter().all(Result::is_ok));
    assert!(matches!(
        subject.create(new_group("late")),
        Err(CreateGroupError::Storage(StorageError::Unavailable(_)))
    ));
    assert!(subject.stored("late").is_empty());
    Ok(())
}

fn no_create_is_answered_before_its_commit(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    for number in 0..50 {
        let name = format!("g{number}");
        // Another connection sees a group only after its commit.
        let created = subject.create(new_group(&name))?;
        assert_eq!(subject.stored(&name), [row(&created)]);
    }
    Ok(())
}

fn two_instances_with_overlapping_names_never_deadlock(database: TestDatabase) -> anyhow::Result<()> {
    let first = Subject::with(database, OPTIONS, CommitOptions { batch: 50, ..WRITERS })?;
    let second = first.second_instance()?.start_queue(CommitOptions { batch: 50, ..WRITERS })?;
    let names: Vec<_> = (0..300).map(|number| format!("g{number:03}")).collect();
    let (up, down) = first.run(async {
        let second = second.groups();
        let up = join_all(names.iter().map(|name| first.groups.create(new_group(name), None)));
        let down = join_all(names.iter().rev().map(|name| {
            let second = std::sync::Arc::clone(&second);
            async move { second.create(new_group(name), None).await }
        }));
        futures_util::future::join(up, down).await
    });
    let created = up.iter().chain(&down).flatten().count();
    let taken =
        up.iter().chain(&down).filter(|answer| matches!(answer, Err(CreateGroupError::NameTaken))).count();
    assert_eq!((created, taken), (300, 300));
    let stored = first.database().rows("SELECT name FROM groups ORDER BY name")?;
    assert_eq!(stored.concat(), names);
    second.close();
    Ok(())
}

fn a_thousand_concurrent_creates_take_at_most_100_commits(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    // The first create opens the writer's connection, and so the WAL in which commits are counted.
    subject.create(new_group("before"))?;
    let before = commits(&subject)?;
    let names: Vec<_> = (0..1000).map(|number| format!("g{number}")).collect();
    let answers =
        subject.run(join_all(names.iter().map(|name| subject.groups.create(new_group(name), None))));
    assert!(answers.iter().all(Result::is_ok));
    let commits = commits(&subject)? - before;
    assert!((1..=100).contains(&commits), "{commits} commits");
    Ok(())
}

/// Number of commits so far. On PostgreSQL only those that stored groups, by the transaction id of each row.
pub fn commits(subject: &Subject) -> anyhow::Result<usize> {
    match subject.database().backend() {
        Backend::Sqlite => sqlite_commits(subject.database().url().trim_start_matches("sqlite://")),
        Backend::Postgres => {
            let count = subject.database().rows("SELECT count(DISTINCT xmin::text)::text FROM groups")?;
            Ok(count[0][0].parse()?)
        }
    }
}

/// Commits in the WAL: the last frame of each commit has the size of the database, other frames have 0
/// (<https://sqlite.org/fileformat2.html#walformat>).
fn sqlite_commits(path: &str) -> anyhow::Result<usize> {
    let log = std::fs::read(format!("{path}-wal"))?;
    let word = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let (header, frames) = log.split_at(32);
    let frames = frames.chunks_exact(24 + word(header, 8) as usize);
    // After a restart of the WAL, the remaining frames are older.
    Ok(frames.take_while(|frame| frame[8..16] == header[16..24]).filter(|frame| word(frame, 4) != 0).count())
}
