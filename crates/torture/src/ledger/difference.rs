//! A difference between the answers and the database.

use super::{CreateRequest, Group};
use std::fmt;

/// A state that must not occur.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A 201 whose group is not in the database.
    Lost(Group),
    /// A 201 whose group has different values in the database.
    Changed { acknowledged: Group, stored: Group },
    /// Several rows with one name, UUID or token.
    StoredTwice(Vec<Group>),
    /// Two 201s with different groups of the same name.
    TwoGroupsForOneName(Group, Group),
    /// A row whose request was refused by 409, 422 or another status.
    RefusedAndStored { request: CreateRequest, status: u16, stored: Group },
    /// A row that matches no request.
    NotRequested(Group),
    /// A 409 although no other request has that name.
    ConflictWithoutRival(CreateRequest),
    /// A 409 for a name that is not in the database.
    ConflictWithoutRow(CreateRequest),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(group) => write!(f, "201 and not stored: {group:?}"),
            Self::Changed { acknowledged, stored } => {
                write!(f, "201 with other fields: acknowledged {acknowledged:?}, stored {stored:?}")
            }
            Self::StoredTwice(rows) => write!(f, "stored {} times: {rows:?}", rows.len()),
            Self::TwoGroupsForOneName(one, other) => write!(f, "one name, two groups: {one:?} and {other:?}"),
            Self::RefusedAndStored { request, status, stored } => {
                write!(f, "{status} and stored: requested {request:?}, stored {stored:?}")
            }
            Self::NotRequested(group) => write!(f, "stored and not requested: {group:?}"),
            Self::ConflictWithoutRival(request) => {
                write!(f, "409 although no other request can have taken the name: {request:?}")
            }
            Self::ConflictWithoutRow(request) => write!(f, "409 for a name that is not stored: {request:?}"),
        }
    }
}
