//! Groups as JSON, in the API and in import and export files.

mod create_group;
mod group;

/// Maximum size of a group in bytes, in the body of a request and on a line of a file.
pub(crate) const MAX_BYTES: usize = 16 * 1024;

pub(crate) use create_group::{Fields, InvalidRequest, Malformed, admin_id, name, parse, token};
pub(crate) use group::GroupBody;
