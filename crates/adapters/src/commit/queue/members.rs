//! The port that stores memberships.

use super::Submitter;
use crate::commit::{Join, Leave};
use async_trait::async_trait;
use gochat_domain::{
    group::GroupId,
    limits::Limits,
    member::{Joined, Member, NewMember},
    ports::{JoinError, LeaveError, MemberRepository, PendingAnswer},
    user::UserId,
};

/// Stores and ends memberships through the commit queue.
pub(super) struct QueuedMembers {
    pub(super) queue: Submitter,
    pub(super) limits: Limits,
}

#[async_trait]
impl MemberRepository for QueuedMembers {
    async fn join(&self, new: NewMember) -> Result<Joined, JoinError> {
        self.queue.submit_request(Join { new, limits: self.limits }).await
    }

    async fn enqueue_join(&self, new: NewMember) -> PendingAnswer<Joined, JoinError> {
        self.queue.enqueue(Join { new, limits: self.limits }).await
    }

    async fn leave(&self, group_id: GroupId, user_id: UserId) -> Result<Member, LeaveError> {
        self.queue.submit_request(Leave { group_id, user_id }).await
    }
}
