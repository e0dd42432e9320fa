//! The ports: what the domain requires, and what an implementation MUST guarantee.

mod api_keys;
mod dashboard_secrets;
mod groups;
mod members;
mod pending;
mod storage;

pub use api_keys::{ApiKeyRepository, AuthenticateError, Authenticator};
pub use dashboard_secrets::DashboardSecretRepository;
pub use groups::{ChangeGroupError, CreateGroupError, DeleteGroupError, GroupReader, GroupRepository};
pub use members::{JoinError, LeaveError, MemberReader, MemberRepository};
pub use pending::PendingAnswer;
pub use storage::StorageError;

#[cfg(feature = "testing")]
pub use {
    api_keys::{MockApiKeyRepository, MockAuthenticator},
    dashboard_secrets::MockDashboardSecretRepository,
    groups::{MockGroupReader, MockGroupRepository},
    members::{MockMemberReader, MockMemberRepository},
};
