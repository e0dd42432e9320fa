//! Members of groups, and the rules by which users join and leave.
//!
//! The members of a group are its administrator and the users with a membership. The administrator is a member even
//! without a membership, so a new group has one member and no membership.
//!
//! A hand-over is a change that makes another user the administrator.

#[cfg(test)]
mod tests;

use crate::{
    clock::Timestamp,
    group::{Group, GroupId, GroupName, GroupToken},
    limits::{GroupFull, Limits},
    user::UserId,
};

/// A member of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The group.
    pub group_id: GroupId,
    /// The user.
    pub user_id: UserId,
    /// The user's role in the group.
    pub role: Role,
    /// The time at which the user joined; for an administrator who never joined, the creation time of the group.
    pub joined_at: Timestamp,
}

/// A member in a list of the members of all groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedMember {
    /// The member.
    pub member: Member,
    /// The name of the group.
    pub group_name: GroupName,
}

impl ListedMember {
    /// The key of the list, which is in the order of groups, then of users.
    pub fn key(&self) -> (GroupId, UserId) {
        (self.member.group_id, self.member.user_id)
    }
}

/// The role of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The user administers the group.
    Administrator,
    /// Any other member.
    Member,
}

/// A request to make a user a member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMember {
    /// The group.
    pub group_id: GroupId,
    /// The user.
    pub user_id: UserId,
    /// The token that must be the group's; `None` if the caller may add members without it.
    pub token: Option<GroupToken>,
    /// The time at which the service accepted the request.
    pub joined_at: Timestamp,
}

/// A member after a request to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    /// The member.
    pub member: Member,
    /// True if this request made the user a member; false if the user was one before.
    pub is_new: bool,
}

/// The reason why a user does not become a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedJoin {
    /// The token is not the group's.
    #[error("the token is not the group's token")]
    WrongToken,
    /// The group has the maximum number of members.
    #[error(transparent)]
    GroupFull(#[from] GroupFull),
}

/// The reason why a membership does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedLeave {
    /// The user is not a member of the group.
    #[error("the user is not a member of the group")]
    NotMember,
    /// The user administers the group.
    #[error("the administrator cannot leave the group")]
    Administrator,
}

impl Group {
    /// Decides a request to join this group. `joined_at` is the time of the user's membership, if there is one, and
    /// `members` the number of members, which matters only if a limit on it is set.
    pub fn join(
        &self,
        new: &NewMember,
        joined_at: Option<Timestamp>,
        members: u64,
        limits: &Limits,
    ) -> Result<Joined, RefusedJoin> {
        if new.token.as_ref().is_some_and(|token| !self.token.matches(token)) {
            return Err(RefusedJoin::WrongToken);
        }
        if let Some(member) = self.member(new.user_id, joined_at) {
            return Ok(Joined { member, is_new: false });
        }
        limits.admit_member(members)?;
        Ok(Joined { member: self.member_since(new.user_id, new.joined_at), is_new: true })
    }

    /// Decides a request to leave this group, and returns the membership that ends. `joined_at` is the time of the
    /// user's membership, if there is one.
    pub fn leave(&self, user_id: UserId, joined_at: Option<Timestamp>) -> Result<Member, RefusedLeave> {
        match self.member(user_id, joined_at) {
            Some(Member { role: Role::Administrator, .. }) => Err(RefusedLeave::Administrator),
            Some(member) => Ok(member),
            None => Err(RefusedLeave::NotMember),
        }
    }

    /// Returns the user as a member; `None` if the user is not the administrator and has no membership. `joined_at` is
    /// the time of the user's membership, if there is one.
    pub fn member(&self, user_id: UserId, joined_at: Option<Timestamp>) -> Option<Member> {
        let administers = user_id == self.admin_id;
        let since = joined_at.or(administers.then_some(self.created_at))?;
        Some(self.member_since(user_id, since))
    }

    /// Returns the memberships of the old and the new administrator if `changed` has another administrator than this
    /// group. The old one's begins at the creation of the group, the new one's at `moment`. The caller stores each of
    /// them that does not exist yet.
    pub fn memberships_of_hand_over(&self, changed: &Self, moment: Timestamp) -> Option<[Member; 2]> {
        (self.admin_id != changed.admin_id).then(|| {
            [
                changed.member_since(self.admin_id, self.created_at),
                changed.member_since(changed.admin_id, moment),
            ]
        })
    }

    fn member_since(&self, user_id: UserId, joined_at: Timestamp) -> Member {
        let role = if user_id == self.admin_id { Role::Administrator } else { Role::Member };
        Member { group_id: self.id, user_id, role, joined_at }
    }
}
