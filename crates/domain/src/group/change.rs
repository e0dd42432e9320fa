//! Changes of a stored group.

use super::{Expected, Group, GroupName, GroupToken, InvalidGroupName, PreconditionFailed};
use crate::user::UserId;

/// The fields of a group to change: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChange {
    name: Option<GroupName>,
    token: Option<GroupToken>,
    admin_id: Option<UserId>,
}

impl GroupChange {
    /// A change of the given fields.
    ///
    /// `name` may be one that [`GroupName::parse_existing`] has accepted: a caller may send back a stored name that
    /// breaks a newer rule. [`Group::apply`] checks the rules of new names.
    pub fn new(
        name: Option<GroupName>,
        token: Option<GroupToken>,
        admin_id: Option<UserId>,
    ) -> Result<Self, NothingToChange> {
        if name.is_none() && token.is_none() && admin_id.is_none() {
            return Err(NothingToChange);
        }
        Ok(Self { name, token, admin_id })
    }

    /// The new name, if one is given.
    pub fn name(&self) -> Option<&GroupName> {
        self.name.as_ref()
    }

    /// The new administrator, if one is given.
    pub fn admin_id(&self) -> Option<UserId> {
        self.admin_id
    }
}

impl Group {
    /// Returns the group after `change`, one version later. A change that changes nothing leaves the version as it is.
    pub fn apply(&self, change: &GroupChange, expected: &Expected) -> Result<Self, RefusedChange> {
        expected.check(self.version)?;
        let GroupChange { name, token, admin_id } = change;
        if let Some(name) = name
            && *name != self.name
        {
            name.check_rules_of_new_names()?;
        }
        let mut changed = self.clone();
        if let Some(name) = name {
            changed.name = name.clone();
        }
        if let Some(token) = token {
            changed.token = token.clone();
        }
        if let Some(admin_id) = admin_id {
            changed.admin_id = *admin_id;
        }
        if changed != *self {
            changed.version = self.version.next();
        }
        Ok(changed)
    }
}

/// The change has no field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at least one of name, token and admin_id must be given")]
pub struct NothingToChange;

/// The reason why a change does not apply to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedChange {
    /// The group has another version.
    #[error(transparent)]
    PreconditionFailed(#[from] PreconditionFailed),
    /// The name differs from the stored one, and breaks a rule of new names.
    #[error(transparent)]
    InvalidName(#[from] InvalidGroupName),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        group::Version,
        testing::{group, group_change},
    };

    #[test]
    fn a_change_without_fields_is_refused() {
        assert_eq!(GroupChange::new(None, None, None), Err(NothingToChange));
    }

    #[test]
    fn only_the_given_fields_change() {
        let before = group(7, "g", "t", 1);
        let changed = |name, token, admin_id| {
            before.apply(&group_change(name, token, admin_id), &Expected::Any).unwrap()
        };
        let second = |group| Group { version: Version::FIRST.next(), ..group };
        assert_eq!(changed(Some("h"), None, None), second(group(7, "h", "t", 1)));
        assert_eq!(changed(None, Some("u"), None), second(group(7, "g", "u", 1)));
        assert_eq!(changed(None, None, Some(2)), second(group(7, "g", "t", 2)));
        assert_eq!(changed(Some("h"), Some("u"), Some(2)), second(group(7, "h", "u", 2)));
    }

    #[test]
    fn a_change_to_the_stored_values_leaves_the_version() {
        let before = group(7, "g", "t", 1);
        assert_eq!(before.apply(&group_change(Some("g"), Some("t"), Some(1)), &Expected::Any), Ok(before));
    }

    #[test]
    fn a_change_of_another_version_is_refused() {
        let refused = group(7, "g", "t", 1)
            .apply(&group_change(Some("h"), None, None), &Expected::OneOf(vec![Version::FIRST.next()]));
        assert_eq!(refused, Err(RefusedChange::PreconditionFailed(PreconditionFailed)));
    }

    #[test]
    fn a_stored_name_that_breaks_a_newer_rule_may_be_kept_but_not_taken() {
        let old = GroupName::parse_existing("\u{200b}").unwrap();
        let rename = GroupChange::new(Some(old.clone()), None, None).unwrap();
        let stored = Group { name: old, ..group(7, "g", "t", 1) };
        assert_eq!(stored.apply(&rename, &Expected::Any), Ok(stored));
        assert_eq!(
            group(8, "h", "t", 1).apply(&rename, &Expected::Any),
            Err(RefusedChange::InvalidName(InvalidGroupName::Invisible))
        );
    }
}
