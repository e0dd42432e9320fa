use super::*;
use crate::{
    commit::{create::Create, write::Write},
    testing::migrated,
};
use diesel::connection::SimpleConnection;
use gochat_domain::{limits::Limits, testing::new_group};
use gochat_test_support::TestDatabase;

fn session(database: &TestDatabase) -> Session {
    Session::open(&migrated(database)).unwrap()
}

fn store(session: &mut Session, names: impl Iterator<Item = String>) -> Result<(), Failure> {
    let creates: Vec<_> = names
        .map(|name| Create { group: new_group(&name), idempotency: None, limits: Limits::default() })
        .collect();
    let creates: Vec<_> = creates.iter().collect();
    session.transaction(Attempt::First, |connection| {
        Create::store(connection, &creates, Attempt::First).map(drop)
    })
}

fn count(database: &TestDatabase) -> String {
    database.rows("SELECT CAST(count(*) AS TEXT) FROM groups").unwrap().concat().concat()
}

#[test]
fn a_full_database_rolls_back_and_is_unavailable() {
    let database = TestDatabase::sqlite().unwrap();
    let mut session = session(&database);
    // Fewer pages than there are: SQLite raises the limit to the current size.
    session.connection.batch_execute("PRAGMA max_page_count = 1").unwrap();
    let names = || (0..1000).map(|number| format!("{number:063}"));
    let refused = store(&mut session, names());
    assert!(
        matches!(&refused, Err(Failure::NotCommitted(Fault::Unavailable(reason))) if reason.contains("full")),
        "{refused:?}"
    );
    assert_eq!(count(&database), "0");
    session.connection.batch_execute("PRAGMA max_page_count = 1000000").unwrap();
    store(&mut session, names()).unwrap();
    assert_eq!(count(&database), "1000");
}

#[test]
fn nothing_is_stored_after_sqlite_rolled_back_by_itself() {
    let database = TestDatabase::sqlite().unwrap();
    let mut session = session(&database);
    database
        .execute(
            "CREATE TRIGGER fault BEFORE INSERT ON groups WHEN NEW.name = 'bad'
             BEGIN SELECT RAISE(ROLLBACK, 'no such luck'); END",
        )
        .unwrap();
    let refused = store(&mut session, ["a", "bad", "b"].map(str::to_owned).into_iter());
    assert!(matches!(refused, Err(Failure::NotCommitted(Fault::Unknown(_)))), "{refused:?}");
    assert_eq!(count(&database), "0");
    assert!(!session.is_alive());
}
