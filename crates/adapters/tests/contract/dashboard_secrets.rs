//! The contract of `DashboardSecretRepository`.

use crate::{
    Case, DatabaseCase,
    lanes::{assert_no_deadlock, done},
    lost_connections::start,
    subject::{ONE_WRITER, OPTIONS, Subject, WRITERS},
};
use futures_util::{FutureExt, future::join_all};
use gochat_adapters::CommitOptions;
use gochat_domain::{
    auth::{DashboardLink, DashboardSecret, DashboardSession},
    testing::at,
};
use gochat_test_support::{Backend, FaultProxy, Message, TestDatabase, cases};
use sha2::{Digest, Sha256};
use std::sync::Arc;

pub fn cases() -> Vec<Case> {
    cases![
        a_link_opens_one_session,
        an_expired_link_opens_nothing,
        a_link_is_no_session_and_a_session_no_link,
        expired_secrets_are_deleted_when_one_is_stored,
        a_revocation_ends_all_links_and_sessions,
    ]
}

pub fn database_cases() -> Vec<DatabaseCase> {
    cases![only_the_digests_of_secrets_are_stored, a_link_opens_once_on_two_instances]
}

pub fn postgres_cases() -> Vec<DatabaseCase> {
    cases![writes_of_secrets_on_two_instances_never_deadlock, a_link_whose_answer_is_lost_opens_its_session]
}

/// A link that expires at second 100.
pub fn link() -> DashboardLink {
    DashboardLink { secret: DashboardSecret::mint().unwrap(), expires_at: at(100) }
}

/// A session that expires at second 200.
pub fn session() -> DashboardSession {
    DashboardSession { secret: DashboardSecret::mint().unwrap(), expires_at: at(200) }
}

fn a_link_opens_one_session(subject: Subject) -> anyhow::Result<()> {
    let secrets = &*subject.dashboard;
    let (link, other) = (link(), link());
    subject.run(secrets.insert_link(&link, at(1)))?;
    subject.run(secrets.insert_link(&other, at(1)))?;
    let (first, second) = (session(), session());
    assert!(subject.run(secrets.open_link(&link.secret, &first, at(99)))?);
    assert!(!subject.run(secrets.open_link(&link.secret, &second, at(99)))?);
    assert_eq!(subject.run(secrets.find_session(&first.secret))?, Some(at(200)));
    assert_eq!(subject.run(secrets.find_session(&second.secret))?, None);
    assert!(subject.run(secrets.open_link(&other.secret, &second, at(99)))?);
    assert_eq!(subject.run(secrets.find_session(&second.secret))?, Some(at(200)));
    Ok(())
}

fn an_expired_link_opens_nothing(subject: Subject) -> anyhow::Result<()> {
    let (secrets, link, session) = (&*subject.dashboard, link(), session());
    subject.run(secrets.insert_link(&link, at(1)))?;
    assert!(!subject.run(secrets.open_link(&link.secret, &session, at(100)))?);
    assert_eq!(subject.run(secrets.find_session(&session.secret))?, None);
    Ok(())
}

fn a_link_is_no_session_and_a_session_no_link(subject: Subject) -> anyhow::Result<()> {
    let (secrets, link, first, second) = (&*subject.dashboard, link(), session(), session());
    subject.run(secrets.insert_link(&link, at(1)))?;
    assert_eq!(subject.run(secrets.find_session(&link.secret))?, None);
    assert!(subject.run(secrets.open_link(&link.secret, &first, at(1)))?);
    assert!(!subject.run(secrets.open_link(&first.secret, &second, at(1)))?);
    assert_eq!(subject.run(secrets.find_session(&first.secret))?, Some(at(200)));
    assert_eq!(subject.run(secrets.find_session(&second.secret))?, None);
    Ok(())
}

fn expired_secrets_are_deleted_when_one_is_stored(subject: Subject) -> anyhow::Result<()> {
    let (secrets, used, unused) = (&*subject.dashboard, link(), link());
    let (opened, late_session) = (session(), session());
    subject.run(secrets.insert_link(&used, at(1)))?;
    subject.run(secrets.insert_link(&unused, at(1)))?;
    assert!(subject.run(secrets.open_link(&used.secret, &opened, at(1)))?);
    let late = DashboardLink { expires_at: at(300), ..link() };
    subject.run(secrets.insert_link(&late, at(199)))?;
    // At second 1 the link has not expired, so it is refused only because it was deleted.
    assert!(!subject.run(secrets.open_link(&unused.secret, &late_session, at(1)))?);
    assert_eq!(subject.run(secrets.find_session(&opened.secret))?, Some(at(200)));
    subject.run(secrets.insert_link(&link(), at(200)))?;
    assert_eq!(subject.run(secrets.find_session(&opened.secret))?, None);
    Ok(())
}

fn a_revocation_ends_all_links_and_sessions(subject: Subject) -> anyhow::Result<()> {
    let (secrets, used, unused, session) = (&*subject.dashboard, link(), link(), session());
    subject.run(secrets.insert_link(&used, at(1)))?;
    subject.run(secrets.insert_link(&unused, at(1)))?;
    assert!(subject.run(secrets.open_link(&used.secret, &session, at(1)))?);
    subject.run(secrets.revoke_all())?;
    assert_eq!(subject.run(secrets.find_session(&session.secret))?, None);
    assert!(!subject.run(secrets.open_link(&unused.secret, &session, at(1)))?);
    // Nothing is left to revoke.
    subject.run(secrets.revoke_all())?;
    Ok(())
}

fn only_the_digests_of_secrets_are_stored(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    let (secrets, used, unused, session) = (&*subject.dashboard, link(), link(), session());
    subject.run(secrets.insert_link(&used, at(1)))?;
    subject.run(secrets.insert_link(&unused, at(1)))?;
    assert!(subject.run(secrets.open_link(&used.secret, &session, at(1)))?);
    let columns = match subject.database().backend() {
        Backend::Sqlite => "lower(hex(digest)), kind, CAST(expires_at AS TEXT)",
        Backend::Postgres => {
            "encode(digest, 'hex'), kind, (extract(epoch FROM expires_at) * 1000000)::bigint::text"
        }
    };
    let rows = subject.database().rows(&format!("SELECT {columns} FROM dashboard_secrets ORDER BY kind"))?;
    let hex = |secret: &DashboardSecret| {
        Sha256::digest(secret.expose()).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    };
    let expected = [
        [hex(&unused.secret), "link".to_owned(), "100000000".to_owned()],
        [hex(&session.secret), "session".to_owned(), "200000000".to_owned()],
    ];
    assert_eq!(rows, expected);
    Ok(())
}

fn a_link_opens_once_on_two_instances(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    let another = subject.second_instance()?;
    let queue = another.start_queue(WRITERS)?;
    let instances = [Arc::clone(&subject.dashboard), another.dashboard_secrets(&queue)];
    for _ in 0..20 {
        let link = link();
        subject.run(instances[0].insert_link(&link, at(1)))?;
        let sessions: Vec<_> = (0..6).map(|_| session()).collect();
        let opens = sessions.iter().zip(instances.iter().cycle());
        let opens = opens.map(|(session, secrets)| secrets.open_link(&link.secret, session, at(1)));
        let opened = subject.run(join_all(opens)).into_iter().collect::<Result<Vec<_>, _>>()?;
        assert_eq!(opened.iter().filter(|opened| **opened).count(), 1);
        for (session, opened) in sessions.iter().zip(opened) {
            let found = subject.run(instances[1].find_session(&session.secret))?;
            assert_eq!(found.is_some(), opened);
        }
    }
    queue.close();
    Ok(())
}

fn writes_of_secrets_on_two_instances_never_deadlock(database: TestDatabase) -> anyhow::Result<()> {
    let options = CommitOptions { batch: 10, ..WRITERS };
    let mut first = Subject::with(database, OPTIONS, options)?;
    let another = first.second_instance()?;
    let other = another.start_queue(options)?;
    let instances = [Arc::clone(&first.dashboard), another.dashboard_secrets(&other)];
    let links: Vec<_> = (0..40).map(|_| link()).collect();
    for round in 0..10 {
        let writes = (0..200).map(|number| {
            let (secrets, link) = (Arc::clone(&instances[number % 2]), links[fastrand::usize(..40)].clone());
            match fastrand::u8(..10) {
                0 => async move { done(secrets.revoke_all().await) }.boxed(),
                // Some of the links have expired, so that inserts delete them.
                1..6 => async move {
                    let link = DashboardLink { expires_at: at(fastrand::i64(1..10)), ..link };
                    done(secrets.insert_link(&link, at(5)).await)
                }
                .boxed(),
                _ => async move { done(secrets.open_link(&link.secret, &session(), at(5)).await) }.boxed(),
            }
        });
        let answers = first.run(join_all(writes));
        assert!(answers.iter().all(Result::is_ok), "round {round}: {answers:?}");
    }
    other.close();
    first.close();
    assert_no_deadlock(&first)
}

fn a_link_whose_answer_is_lost_opens_its_session(database: TestDatabase) -> anyhow::Result<()> {
    let proxy = FaultProxy::in_front_of(database.url())?;
    let (connected, queue) = start(proxy.url(), ONE_WRITER)?;
    let secrets = connected.dashboard_secrets(&queue);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let (link, first, second) = (link(), session(), session());
    proxy.lose_answer(Message::Commit, 1);
    runtime.block_on(secrets.insert_link(&link, at(1)))?;
    assert_eq!(proxy.answers_lost(), 1);
    proxy.lose_answer(Message::Commit, 1);
    assert!(runtime.block_on(secrets.open_link(&link.secret, &first, at(1)))?);
    assert_eq!(proxy.answers_lost(), 2);
    // A resent write does not open a link that another write has used.
    proxy.lose_answer(Message::Commit, 1);
    assert!(!runtime.block_on(secrets.open_link(&link.secret, &second, at(1)))?);
    assert_eq!(proxy.answers_lost(), 3);
    proxy.lose_answer(Message::Commit, 1);
    runtime.block_on(secrets.revoke_all())?;
    assert_eq!(proxy.answers_lost(), 4);
    assert_eq!(database.rows("SELECT kind FROM dashboard_secrets")?, Vec::<Vec<String>>::new());
    queue.close();
    Ok(())
}
