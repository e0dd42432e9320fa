//! The port that stores groups.

use super::Submitter;
use crate::commit::Create;
use async_trait::async_trait;
use gochat_domain::{
    group::{Created, Idempotency, NewGroup},
    ports::{CreateGroupError, GroupRepository},
};

/// Creates groups through the commit queue.
pub(super) struct QueuedGroups(pub(super) Submitter);

#[async_trait]
impl GroupRepository for QueuedGroups {
    async fn create(
        &self,
        group: NewGroup,
        idempotency: Option<Idempotency>,
    ) -> Result<Created, CreateGroupError> {
        self.0.submit(Create { group, idempotency }).await
    }
}
