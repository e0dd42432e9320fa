//! Tests of lost answers: PostgreSQL receives a statement, and the connection breaks before its answer arrives.

use crate::{
    DatabaseCase, api_keys,
    idempotency::idempotency,
    lost_connections::{assert_stored, start},
    subject::{NO_LIMITS, ONE_WRITER},
};
use futures_util::future::join_all;
use gochat_adapters::{CommitOptions, CommitQueue};
use gochat_domain::{
    auth::{ApiKey, IssuedKey, KeyUse},
    clock::{Clock, SystemClock},
    group::{Created, Expected, Group, GroupId},
    limits::{Limit, Limits},
    member::{Joined, NewMember},
    ports::{ChangeGroupError, DeleteGroupError, LeaveError, StorageError},
    testing::{group_change, new_group},
    user::UserId,
};
use gochat_test_support::{FaultProxy, Message, TestDatabase, cases};
use tokio::runtime::Runtime;

pub fn postgres_cases() -> Vec<DatabaseCase> {
    cases![
        creates_and_writes_of_keys_whose_answers_are_lost_succeed,
        a_join_whose_commit_is_not_answered_succeeds,
        new_members_stay_new_if_the_rest_of_their_batch_loses_its_connection,
        a_change_whose_commit_is_not_answered_is_unavailable,
        a_change_is_made_once_if_its_connection_is_lost_before_the_commit,
        renames_are_answered_if_the_rest_of_their_batch_loses_its_connection,
    ]
}

pub fn new_member(group_id: GroupId, user_id: i64) -> NewMember {
    let user_id = UserId::new(user_id).unwrap();
    NewMember { group_id, user_id, token: None, joined_at: SystemClock.now() }
}

fn creates_and_writes_of_keys_whose_answers_are_lost_succeed(database: TestDatabase) -> anyhow::Result<()> {
    let proxy = FaultProxy::in_front_of(database.url())?;
    let (connected, queue) = start(proxy.url(), ONE_WRITER)?;
    let (groups, keys) = (queue.groups(), connected.api_keys(&queue));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let mut lost = 0;
    let mut lose_next = |message| {
        lost += 1;
        proxy.lose_answer(message, 1);
        lost
    };
    // A create by a single-statement transaction. The first create prepares the statement.
    let mut created = vec![runtime.block_on(groups.create(new_group("first"), None))?];
    let expected = lose_next(Message::Execute);
    created.push(runtime.block_on(groups.create(new_group("plain"), None))?);
    assert_eq!(proxy.answers_lost(), expected);
    // A create with an Idempotency-Key, in a transaction with its record.
    let expected = lose_next(Message::Commit);
    let once = runtime.block_on(groups.create(new_group("once"), Some(idempotency(1, "k"))))?;
    assert_eq!(proxy.answers_lost(), expected);
    let replayed = runtime.block_on(groups.create(new_group("once"), Some(idempotency(1, "k"))))?;
    assert_eq!(replayed, Created { replayed: true, ..once.clone() });
    created.push(once);
    // A new API key, and its revocation.
    let (key, issued) = (ApiKey::mint()?, api_keys::new_key());
    let expected = lose_next(Message::Commit);
    runtime.block_on(keys.insert(&key, &issued))?;
    assert_eq!(proxy.answers_lost(), expected);
    let expected = lose_next(Message::Commit);
    assert!(runtime.block_on(keys.revoke(issued.id, issued.created_at))?);
    assert_eq!(proxy.answers_lost(), expected);
    // The last use of the key.
    let last_use = KeyUse { id: issued.id, at: issued.created_at };
    let expected = lose_next(Message::Commit);
    assert_eq!(runtime.block_on(keys.record_uses(&[last_use]))?, []);
    assert_eq!(proxy.answers_lost(), expected);
    let times = (Some(issued.created_at), Some(last_use.at));
    let revoked = IssuedKey { revoked_at: times.0, last_used_at: times.1, ..issued };
    assert_eq!(runtime.block_on(keys.list())?, [revoked]);
    assert!(created.iter().all(|created| !created.replayed));
    assert_stored(database.url(), &created)?;
    queue.close();
    Ok(())
}

/// A group behind a proxy, with the queue that writes to it.
fn group_behind_proxy(database: &TestDatabase) -> anyhow::Result<(FaultProxy, CommitQueue, Group, Runtime)> {
    let proxy = FaultProxy::in_front_of(database.url())?;
    let (_connected, queue) = start(proxy.url(), ONE_WRITER)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let group = runtime.block_on(queue.groups().create(new_group("g"), None))?.group;
    Ok((proxy, queue, group, runtime))
}

fn a_join_whose_commit_is_not_answered_succeeds(database: TestDatabase) -> anyhow::Result<()> {
    // A join to a known group is one statement, which is a transaction of its own. The statement counts an administrator
    // with a membership twice, so the last member that the limit allows is left to a transaction of several statements.
    let administrator = [1].as_slice();
    for (number, (limit, first_members, commit)) in [
        (0, [].as_slice(), Message::Execute),
        (3, &[], Message::Execute),
        (3, administrator, Message::Commit),
    ]
    .into_iter()
    .enumerate()
    {
        let members_per_group = Limit(limit);
        let proxy = FaultProxy::in_front_of(database.url())?;
        let limits = Limits { members_per_group, ..NO_LIMITS };
        let (_connected, queue) = start(proxy.url(), CommitOptions { limits, ..ONE_WRITER })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let name = format!("g{number}");
        let group = runtime.block_on(queue.groups().create(new_group(&name), None))?.group;
        for user in first_members {
            database.execute(&format!("INSERT INTO members VALUES ({}, {user}, now())", group.id))?;
        }
        runtime.block_on(queue.members().join(new_member(group.id, 2)))?;
        proxy.lose_answer(commit, 1);
        let joined = runtime.block_on(queue.members().join(new_member(group.id, 3)))?;
        assert_eq!(proxy.answers_lost(), 1);
        assert!(joined.is_new);
        let again = runtime.block_on(queue.members().join(new_member(group.id, 3)))?;
        assert_eq!(again, Joined { is_new: false, ..joined });
        let others = format!(
            "SELECT user_id::text FROM members WHERE group_id = {} AND user_id > 1 ORDER BY 1",
            group.id
        );
        assert_eq!(database.rows(&others)?, [["2"], ["3"]]);
        queue.close();
    }
    Ok(())
}

/// A statement commits the new members. The transaction after it, for the user who is a member already, loses its
/// connection.
fn new_members_stay_new_if_the_rest_of_their_batch_loses_its_connection(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let (proxy, queue, group, runtime) = group_behind_proxy(&database)?;
    let members = queue.members();
    runtime.block_on(members.join(new_member(group.id, 2)))?;
    proxy.lose_answer(Message::Containing("BEGIN"), 1);
    let users = (0..50).flat_map(|number| [100 + number, 2]);
    let joins = users.map(|user_id| members.join(new_member(group.id, user_id)));
    let joined = runtime.block_on(join_all(joins)).into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(proxy.answers_lost(), 1);
    for (number, joined) in joined.iter().enumerate() {
        assert_eq!(joined.is_new, number % 2 == 0, "{joined:?}");
    }
    queue.close();
    Ok(())
}

/// The version of a changed group does not tell who changed it.
fn a_change_whose_commit_is_not_answered_is_unavailable(database: TestDatabase) -> anyhow::Result<()> {
    let (proxy, queue, group, runtime) = group_behind_proxy(&database)?;
    let (groups, members) = (queue.groups(), queue.members());
    runtime.block_on(members.join(new_member(group.id, 2)))?;
    let mut lost = 0;
    let mut lose_next = |message| {
        lost += 1;
        proxy.lose_answer(message, 1);
        lost
    };
    // A rename of a known group is one statement, which is a transaction of its own. A hand-over is a transaction of
    // several statements.
    for (change, commit, stored) in [
        (group_change(Some("h"), None, None), Message::Execute, ["h", "1", "2"]),
        (group_change(None, None, Some(3)), Message::Commit, ["h", "3", "3"]),
    ] {
        let expected = lose_next(commit);
        let changed = runtime.block_on(groups.change(group.id, change, Expected::Any, group.created_at));
        assert_eq!(proxy.answers_lost(), expected);
        assert!(
            matches!(changed, Err(ChangeGroupError::Storage(StorageError::Unavailable(_)))),
            "{changed:?}"
        );
        assert_eq!(database.rows("SELECT name, admin_id::text, version::text FROM groups")?, [stored]);
    }
    let expected = lose_next(Message::Commit);
    let left = runtime.block_on(members.leave(group.id, new_member(group.id, 2).user_id));
    assert_eq!(proxy.answers_lost(), expected);
    assert!(matches!(left, Err(LeaveError::Storage(StorageError::Unavailable(_)))), "{left:?}");
    let expected = lose_next(Message::Commit);
    let deleted = runtime.block_on(groups.delete(group.id, Expected::Any));
    assert_eq!(proxy.answers_lost(), expected);
    assert!(matches!(deleted, Err(DeleteGroupError::Storage(StorageError::Unavailable(_)))), "{deleted:?}");
    queue.close();
    Ok(())
}

fn a_change_is_made_once_if_its_connection_is_lost_before_the_commit(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let (proxy, queue, group, runtime) = group_behind_proxy(&database)?;
    // The group is not known, so its rename begins with a read. A hand-over is a transaction.
    for (number, (change, message, stored)) in (1..).zip([
        (group_change(Some("h"), None, None), Message::Containing("FROM \"groups\""), ["h", "1", "2"]),
        (group_change(None, None, Some(3)), Message::Containing("BEGIN"), ["h", "3", "3"]),
    ]) {
        proxy.lose_answer(message, 1);
        let changed =
            runtime.block_on(queue.groups().change(group.id, change, Expected::Any, group.created_at))?;
        assert_eq!(proxy.answers_lost(), number);
        let Group { name, admin_id, version, .. } = changed;
        let changed = [name.as_str().to_owned(), admin_id.get().to_string(), version.get().to_string()];
        assert_eq!(changed, stored);
        assert_eq!(database.rows("SELECT name, admin_id::text, version::text FROM groups")?, [stored]);
    }
    queue.close();
    Ok(())
}

/// A statement commits the renames. The transaction after it, for the hand-overs, loses its connection.
fn renames_are_answered_if_the_rest_of_their_batch_loses_its_connection(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let (proxy, queue, _, runtime) = group_behind_proxy(&database)?;
    let groups = queue.groups();
    let created = (0..40).map(|number| groups.create(new_group(&format!("g{number}")), None));
    let created = runtime.block_on(join_all(created)).into_iter().collect::<Result<Vec<_>, _>>()?;
    for (number, (message, are_handed_over)) in
        (1..).zip([(Message::Containing("BEGIN"), true), (Message::Commit, false)])
    {
        proxy.lose_answer(message, 1);
        let mut lock = database.lock_groups()?;
        let answers = runtime.block_on(async {
            let mut changes: Vec<_> = (0_i64..)
                .zip(&created)
                .map(|(position, Created { group, .. })| {
                    let name = format!("h{number} {position}");
                    let change = match position % 2 {
                        0 => group_change(Some(&name), None, None),
                        _ => group_change(None, None, Some(10 + number)),
                    };
                    groups.change(group.id, change, Expected::Any, group.created_at)
                })
                .collect();
            // The first change, which waits for the lock, is in a batch of its own.
            for change in &mut changes {
                assert!(futures_util::poll!(change).is_pending());
            }
            lock.execute("ROLLBACK").unwrap();
            join_all(changes).await
        });
        assert_eq!(i64::try_from(proxy.answers_lost())?, number);
        let is_unknown = |answer: &Result<_, _>| {
            matches!(answer, Err(ChangeGroupError::Storage(StorageError::Unavailable(_))))
        };
        let unknown: Vec<_> = (0..).zip(&answers).filter(|(_, answer)| is_unknown(answer)).collect();
        assert!(unknown.iter().all(|(position, _)| position % 2 == 1), "{unknown:?}");
        assert_eq!(unknown.is_empty(), are_handed_over);
        assert!(answers.iter().all(|answer| answer.is_ok() || is_unknown(answer)), "{answers:?}");
    }
    // Both rounds are committed, and each of them changed each group once.
    let versions = "SELECT DISTINCT version::text FROM groups WHERE name <> 'g'";
    assert_eq!(database.rows(versions)?, [["3"]]);
    queue.close();
    Ok(())
}
