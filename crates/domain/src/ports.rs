//! What the domain needs of the outside, and what whoever provides it MUST do.

mod api_keys;
mod groups;

pub use api_keys::{ApiKeyRepository, AuthenticateError, Authenticator, KeyStoreError};
pub use groups::{CreateGroupError, GroupReader, GroupRepository, ReadGroupError};

#[cfg(feature = "mock")]
pub use {
    api_keys::{MockApiKeyRepository, MockAuthenticator},
    groups::{MockGroupReader, MockGroupRepository},
};
