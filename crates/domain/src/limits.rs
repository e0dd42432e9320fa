//! Limits on the number of groups and members.

/// Limits that the operator sets. The default sets none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Maximum number of groups.
    pub groups: Limit,
    /// Maximum number of groups with the same administrator.
    pub groups_per_administrator: Limit,
    /// Maximum number of members of a group, including its administrator.
    pub members_per_group: Limit,
}

impl Limits {
    /// Returns true if a limit on groups is set, in total or for each administrator.
    pub fn has_group_limit(&self) -> bool {
        self.groups.is_set() || self.groups_per_administrator.is_set()
    }

    /// Admits one more group. `groups` is the number of all existing groups, and `of_administrator` the number of those
    /// that the new group's administrator has.
    pub fn admit_group(&self, groups: u64, of_administrator: u64) -> Result<(), TooManyGroups> {
        if !self.groups.admits(groups) {
            return Err(TooManyGroups::InTotal);
        }
        self.admit_administrator(of_administrator)
    }

    /// Admits one more group of an administrator who has `of_administrator` already.
    pub fn admit_administrator(&self, of_administrator: u64) -> Result<(), TooManyGroups> {
        if self.groups_per_administrator.admits(of_administrator) {
            Ok(())
        } else {
            Err(TooManyGroups::OfAdministrator)
        }
    }

    /// Admits one more member of a group that has `members` already.
    pub fn admit_member(&self, members: u64) -> Result<(), GroupFull> {
        if self.members_per_group.admits(members) { Ok(()) } else { Err(GroupFull) }
    }
}

/// A maximum number; 0 sets none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limit(pub u32);

impl Limit {
    /// Returns true if there is a maximum.
    pub fn is_set(self) -> bool {
        self.0 != 0
    }

    /// Returns true if one more is allowed beside `existing`.
    pub fn admits(self, existing: u64) -> bool {
        !self.is_set() || existing < u64::from(self.0)
    }
}

/// The limit that another group would exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooManyGroups {
    /// The limit on all groups.
    #[error("the maximum number of groups is reached")]
    InTotal,
    /// The limit on the groups of one administrator.
    #[error("the administrator has the maximum number of groups")]
    OfAdministrator,
}

/// The group has the maximum number of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the group has the maximum number of members")]
pub struct GroupFull;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_limit_any_number_is_admitted() {
        let limits = Limits::default();
        assert_eq!(limits.admit_group(u64::MAX, u64::MAX), Ok(()));
        assert_eq!(limits.admit_member(u64::MAX), Ok(()));
        assert!(!limits.has_group_limit());
    }

    #[test]
    fn each_limit_admits_up_to_its_number() {
        let limits =
            Limits { groups: Limit(3), groups_per_administrator: Limit(2), members_per_group: Limit(1) };
        assert_eq!(limits.admit_group(2, 1), Ok(()));
        assert_eq!(limits.admit_group(3, 0), Err(TooManyGroups::InTotal));
        assert_eq!(limits.admit_group(2, 2), Err(TooManyGroups::OfAdministrator));
        assert_eq!(limits.admit_administrator(2), Err(TooManyGroups::OfAdministrator));
        assert_eq!(limits.admit_member(0), Ok(()));
        assert_eq!(limits.admit_member(1), Err(GroupFull));
    }

    #[test]
    fn a_lowered_limit_admits_nobody() {
        assert_eq!(
            Limits { members_per_group: Limit(1), ..Limits::default() }.admit_member(5),
            Err(GroupFull)
        );
    }
}
