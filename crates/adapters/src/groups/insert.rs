//! The batch insert, in the words of each database.

mod checkpoints;
mod once;
mod postgres;
mod sqlite;

use super::writer::{BatchStore, Outcome, Wish, WishOutcome};
use crate::{
    Fault,
    connection::{AnyConnection, Connector},
};
use checkpoints::Checkpoints;
use gochat_domain::group::{GroupId, NewGroup};

/// Opens a store of batches, on a connection of its own.
pub(super) fn open(connector: &Connector) -> Result<Box<dyn BatchStore>, Fault> {
    let mut connection = connector.open()?;
    let checkpoints = match &mut connection {
        AnyConnection::Sqlite(connection) => Some(Checkpoints::start(connection, connector)?),
        AnyConnection::Postgres(_) => None,
    };
    Ok(Box::new(Store { connection, checkpoints }))
}

/// How often a transaction is tried that lost against another one.
const ATTEMPTS: u32 = 3;

/// Does `work`, and again where it lost against another transaction: that one has what it wanted, and the way is free.
fn again<T>(mut work: impl FnMut() -> Result<T, Fault>) -> Result<T, Fault> {
    for _ in 1..ATTEMPTS {
        match work() {
            Err(fault) if fault.lost_to_another() => {}
            result => return result,
        }
    }
    work()
}

struct Store {
    connection: AnyConnection,
    /// SQLite's.
    checkpoints: Option<Checkpoints>,
}

impl BatchStore for Store {
    fn store(&mut self, groups: &[NewGroup]) -> Result<Vec<Outcome>, Fault> {
        let outcomes = match &mut self.connection {
            AnyConnection::Sqlite(connection) => sqlite::insert_all(connection, groups),
            AnyConnection::Postgres(connection) => postgres::insert_all(connection, groups),
        };
        self.written(groups.len());
        outcomes
    }

    fn store_once(&mut self, wishes: &[Wish]) -> Result<Vec<WishOutcome>, Fault> {
        let outcomes = again(|| once::insert_all(&mut self.connection, wishes));
        self.written(wishes.len());
        outcomes
    }
}

impl Store {
    fn written(&mut self, rows: usize) {
        if let (AnyConnection::Sqlite(connection), Some(checkpoints)) =
            (&mut self.connection, &mut self.checkpoints)
        {
            checkpoints.after(rows, connection);
        }
    }
}

/// Stores one group, in the transaction that is open.
fn insert(connection: &mut AnyConnection, group: &NewGroup) -> Outcome {
    match connection {
        AnyConnection::Sqlite(connection) => sqlite::insert(connection, group),
        AnyConnection::Postgres(connection) => postgres::insert(connection, group),
    }
}

/// The id as the domain knows it.
fn group_id(id: i64) -> Result<GroupId, Fault> {
    GroupId::new(id).map_err(|error| Fault::Unknown(format!("the database gave the id {id}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DatabaseUrl, migrations};
    use diesel::connection::SimpleConnection;
    use gochat_domain::{
        clock::{Clock, SystemClock},
        group::{AdminId, CreateGroup, GroupName, GroupToken},
    };
    use gochat_test_support::TestDatabase;
    use std::time::Duration;

    fn group(name: &str) -> NewGroup {
        let request = CreateGroup {
            name: GroupName::parse(name).unwrap(),
            token: GroupToken::parse("t").unwrap(),
            admin_id: AdminId::new(1).unwrap(),
        };
        NewGroup::mint(request, SystemClock.now())
    }

    #[test]
    fn a_database_that_is_full_stores_nothing_of_a_batch_and_is_unavailable() {
        let database = TestDatabase::sqlite().unwrap();
        let url: DatabaseUrl = database.url().parse().unwrap();
        let connector = Connector::new(&url, Duration::from_secs(1)).unwrap();
        let mut connection = connector.open().unwrap();
        migrations::migrate(&mut connection, &|| connector.open(), &|_| ()).unwrap();
        // Fewer than there are: SQLite takes as many as it has, and not one more.
        connection.batch_execute("PRAGMA max_page_count = 1").unwrap();
        let mut store = Store { connection, checkpoints: None };
        let groups: Vec<_> = (0..1000).map(|number| group(&format!("{number:063}"))).collect();
        let outcomes = store.store(&groups);
        assert!(
            matches!(&outcomes, Err(Fault::Unavailable(reason)) if reason.contains("full")),
            "{:?}",
            outcomes.err()
        );
        assert_eq!(database.rows("SELECT CAST(count(*) AS TEXT) FROM groups").unwrap(), [["0"]]);
        store.connection.batch_execute("PRAGMA max_page_count = 1000000").unwrap();
        assert!(store.store(&groups).unwrap().iter().all(|outcome| matches!(outcome, Ok(Some(_)))));
    }
}
