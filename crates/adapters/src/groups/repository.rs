//! The port that stores groups.

use crate::commit::{Create, Submitter};
use async_trait::async_trait;
use gochat_domain::{
    group::{Created, Idempotency, NewGroup},
    ports::{CreateGroupError, GroupRepository},
};

/// Puts each group in the commit queue.
pub(crate) struct QueuedGroups(pub(crate) Submitter);

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
