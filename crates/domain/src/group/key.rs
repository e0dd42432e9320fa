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
