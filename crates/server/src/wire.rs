//! Groups as JSON has them, in the API and in files.

mod create_group;
mod group;

pub(crate) use create_group::{Fields, InvalidRequest, Malformed, admin_id, name, parse, token};
pub(crate) use group::GroupBody;
