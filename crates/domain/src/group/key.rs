//! The unique keys of a group.

use super::{GroupId, GroupName};
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
