//! The unique keys of a group.

use super::{Group, GroupId, GroupName};
use uuid::Uuid;

/// A unique key of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupKey {
    /// The number.
    Id(GroupId),
    /// The UUID.
    Uuid(Uuid),
    /// The name.
    Name(GroupName),
}

impl GroupKey {
    /// Returns true if the group has this key.
    pub fn is_of(&self, group: &Group) -> bool {
        match self {
            Self::Id(id) => group.id == *id,
            Self::Uuid(uuid) => group.uuid == *uuid,
            Self::Name(name) => group.name == *name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::new_group;

    #[test]
    fn a_key_is_of_the_group_that_has_it() {
        let [one, other] =
            [(1, "one"), (2, "other")].map(|(id, name)| new_group(name).with_id(GroupId::new(id).unwrap()));
        for key in [GroupKey::Id(one.id), GroupKey::Uuid(one.uuid), GroupKey::Name(one.name.clone())] {
            assert!(key.is_of(&one), "{key:?}");
            assert!(!key.is_of(&other), "{key:?}");
        }
    }
}
