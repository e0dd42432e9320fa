//! The ports: what the domain requires, and what an implementation MUST guarantee.

mod api_keys;
mod groups;
mod members;
mod pending;
mod storage;

pub use api_keys::{ApiKeyRepository, AuthenticateError, Authenticator};
pub use groups::{ChangeGroupError, CreateGroupError, DeleteGroupError, GroupReader, GroupRepository};
pub use members::{JoinError, LeaveError, MemberReader, MemberRepository};
pub use pending::PendingAnswer;
pub use storage::StorageError;

#[cfg(feature = "testing")]
pub use {
    api_keys::{MockApiKeyRepository, MockAuthenticator},
    groups::{MockGroupReader, MockGroupRepository},
    members::{MockMemberReader, MockMemberRepository},
};
