//! API keys, the callers they identify, and the scopes they grant; the secrets of the dashboard.

mod api_key;
mod caller;
mod dashboard_secret;
mod issued_key;
mod scope;

pub use api_key::{ApiKey, InvalidApiKey};
pub use caller::{Caller, Forbidden, Permit};
pub use dashboard_secret::{DashboardLink, DashboardSecret, DashboardSession, InvalidDashboardSecret};
pub use issued_key::{InactiveKey, InvalidKeyName, IssuedKey, KeyId, KeyName, KeyUse};
pub use scope::{
    GrantableScope, GroupsRead, GroupsWrite, MembersJoinOrWrite, MembersWrite, Scope, Scopes, UnknownScope,
};
