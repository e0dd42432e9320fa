//! Groups as JSON, in the API and in import and export files.

mod change_group;
mod create_group;
mod group;
mod invalid_request;
mod object;
mod values;

/// Maximum size of a group in bytes, in the body of a request and on a line of a file.
pub(crate) const MAX_BYTES: usize = 16 * 1024;

pub(crate) use change_group::{ChangedFields, parse_change};
pub(crate) use create_group::{Fields, parse_create};
pub(crate) use group::GroupBody;
pub(crate) use invalid_request::{InvalidRequest, Malformed};
pub(crate) use values::{admin_id, name, token};
