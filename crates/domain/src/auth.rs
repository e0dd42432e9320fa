//! Who may call, and what for.

mod api_key;
mod caller;
mod issued_key;
mod scope;

pub use api_key::{ApiKey, InvalidApiKey};
pub use caller::{Caller, Forbidden, Permit};
pub use issued_key::{InvalidKeyName, IssuedKey, KeyId, KeyName, NotAdmitted};
pub use scope::{GrantableScope, GroupsRead, GroupsWrite, Scope, Scopes, UnknownScope};
