//! The port that stores groups.

use super::Submitter;
use crate::commit::{Change, Create, Delete};
use async_trait::async_trait;
use gochat_domain::{
    clock::Timestamp,
    group::{Created, Expected, Group, GroupChange, GroupId, Idempotency, NewGroup},
    limits::Limits,
    ports::{ChangeGroupError, CreateGroupError, DeleteGroupError, GroupRepository, PendingAnswer},
};

/// Creates, changes and deletes groups through the commit queue.
pub(super) struct QueuedGroups {
    pub(super) queue: Submitter,
    pub(super) limits: Limits,
}

#[async_trait]
impl GroupRepository for QueuedGroups {
    async fn create(
        &self,
        group: NewGroup,
        idempotency: Option<Idempotency>,
    ) -> Result<Created, CreateGroupError> {
        self.queue.submit_request(Create { group, idempotency, limits: self.limits }).await
    }

    async fn enqueue_create(
        &self,
        group: NewGroup,
        idempotency: Option<Idempotency>,
    ) -> PendingAnswer<Created, CreateGroupError> {
        self.queue.enqueue(Create { group, idempotency, limits: self.limits }).await
    }

    async fn change(
        &self,
        id: GroupId,
        change: GroupChange,
        expected: Expected,
        moment: Timestamp,
    ) -> Result<Group, ChangeGroupError> {
        self.queue.submit_request(Change { id, fields: change, expected, moment, limits: self.limits }).await
    }

    async fn delete(&self, id: GroupId, expected: Expected) -> Result<Group, DeleteGroupError> {
        self.queue.submit_request(Delete { id, expected }).await
    }
}
