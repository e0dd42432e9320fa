//! What a single group is found by.

use super::{GroupId, GroupName};
use uuid::Uuid;

/// One of the three things of which no two groups have the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupKey {
    /// The number.
    Id(GroupId),
    /// The UUID.
    Uuid(Uuid),
    /// The name.
    Name(GroupName),
}
