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
        let outcomes = once::insert_all(&mut self.connection, wishes);
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
