//! Groups in a database.

mod reader;
mod repository;

pub(crate) use reader::{DieselGroupReader, find};
pub(crate) use repository::QueuedGroups;

use crate::Fault;
use gochat_domain::group::GroupId;

/// An id as the domain knows it.
pub(crate) fn group_id(id: i64) -> Result<GroupId, Fault> {
    GroupId::new(id).map_err(|error| Fault::Unknown(format!("the database gave the id {id}: {error}")))
}
