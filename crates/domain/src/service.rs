//! The use cases.

mod api_keys;
mod groups;

pub use api_keys::{ApiKeyService, IssueKey, IssueKeyError};
pub use groups::GroupService;
