//! The use cases.

mod api_keys;
mod dashboard;
mod groups;
mod members;

pub use api_keys::{ApiKeyService, IssueKey, IssueKeyError};
pub use dashboard::{DashboardService, NewSecretError};
pub use groups::GroupService;
pub use members::MemberService;
