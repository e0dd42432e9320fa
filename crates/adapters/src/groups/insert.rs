//! The batch insert, in the words of each database.

mod postgres;
mod sqlite;

use super::writer::{BatchStore, Outcome};
use crate::{Fault, connection::AnyConnection};
use gochat_domain::group::{GroupId, NewGroup};

impl BatchStore for AnyConnection {
    fn store(&mut self, groups: &[NewGroup]) -> Result<Vec<Outcome>, Fault> {
        match self {
            Self::Sqlite(connection) => sqlite::insert(connection, groups),
            Self::Postgres(connection) => postgres::insert(connection, groups),
        }
    }
}

/// The id as the domain knows it.
fn group_id(id: i64) -> Result<GroupId, Fault> {
    GroupId::new(id).map_err(|error| Fault::Unknown(format!("the database gave the id {id}: {error}")))
}
