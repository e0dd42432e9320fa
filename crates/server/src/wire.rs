//! Groups as JSON has them, in the API and in files.

mod create_group;
mod group;

/// The most bytes of a group, be it the body of a request or a line of a file.
pub(crate) const MAX_BYTES: usize = 16 * 1024;

pub(crate) use create_group::{Fields, InvalidRequest, Malformed, admin_id, name, parse, token};
pub(crate) use group::GroupBody;
