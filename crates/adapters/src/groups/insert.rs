//! The batch insert, in the words of each database.

mod checkpoints;
mod postgres;
mod sqlite;

use super::writer::{BatchStore, Outcome};
use crate::{
    Fault,
    connection::{AnyConnection, Connector},
};
use gochat_domain::group::GroupId;
use sqlite::SqliteStore;

/// Opens a store of batches, on a connection of its own.
pub(super) fn open(connector: &Connector) -> Result<Box<dyn BatchStore>, Fault> {
    Ok(match connector.open()? {
        AnyConnection::Sqlite(connection) => Box::new(SqliteStore::new(connection, connector)?),
        AnyConnection::Postgres(connection) => Box::new(connection),
    })
}

/// The id as the domain knows it.
fn group_id(id: i64) -> Result<GroupId, Fault> {
    GroupId::new(id).map_err(|error| Fault::Unknown(format!("the database gave the id {id}: {error}")))
}
