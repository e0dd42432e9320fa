//! Joins and leaves.

use super::{Dialect, Failure, Textbook};
use async_trait::async_trait;
use gochat_domain::{
    group::GroupId,
    limits::Limits,
    member::{Joined, Member, NewMember, RefusedLeave},
    ports::{JoinError, LeaveError, MemberRepository},
    user::UserId,
};

#[async_trait]
impl<C: Dialect> MemberRepository for Textbook<C> {
    async fn join(&self, new: NewMember) -> Result<Joined, JoinError> {
        self.transact(move |connection| {
            let group = connection.lock(new.group_id)?.ok_or(Failure(JoinError::GroupNotFound))?;
            let join = |joined_at| {
                let joined = group.join(&new, joined_at, 0, &Limits::default());
                joined.map_err(|refused| Failure(refused.into()))
            };
            let joined = join(None)?;
            if joined.is_new && connection.insert_member(&joined.member)? == 1 {
                return Ok(joined);
            }
            join(connection.joined_at(new.group_id, new.user_id)?)
        })
        .await
    }

    async fn leave(&self, group_id: GroupId, user_id: UserId) -> Result<Member, LeaveError> {
        self.transact(move |connection| {
            let refused = |refused: RefusedLeave| Failure(LeaveError::from(refused));
            let group = connection.lock(group_id)?.ok_or(refused(RefusedLeave::NotMember))?;
            let member = group.leave(user_id, connection.joined_at(group_id, user_id)?).map_err(refused)?;
            connection.delete_member(&member)?;
            Ok(member)
        })
        .await
    }
}
