//! The ports: what the domain requires, and what an implementation MUST guarantee.

mod api_keys;
mod groups;
mod storage;

pub use api_keys::{ApiKeyRepository, AuthenticateError, Authenticator};
pub use groups::{CreateGroupError, GroupReader, GroupRepository};
pub use storage::StorageError;

#[cfg(feature = "testing")]
pub use {
    api_keys::{MockApiKeyRepository, MockAuthenticator},
    groups::{MockGroupReader, MockGroupRepository},
};
