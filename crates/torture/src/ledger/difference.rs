//! What is wrong with an answer or a row.

use super::{Ask, Group};
use std::fmt;

/// One thing that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A 201 whose group is not in the database.
    Lost(Group),
    /// A 201 whose group has another value in the database.
    Changed { told: Group, stored: Group },
    /// More rows than one of a name or a UUID.
    StoredTwice(Vec<Group>),
    /// Two 201s that name different groups for one name.
    ToldTwice(Group, Group),
    /// A row that was refused: by 409, 422 or another status that stores nothing.
    RefusedAndStored { ask: Ask, status: u16, stored: Group },
    /// A row that nobody asked for, or that has other fields than any request for it.
    NobodyAsked(Group),
    /// A 409 for a name that no other request could have taken.
    TakenByNobody(Ask),
    /// A 409 for a name that is not in the database.
    TakenAndMissing(Ask),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(group) => write!(f, "201 and not stored: {group:?}"),
            Self::Changed { told, stored } => {
                write!(f, "201 with other fields: told {told:?}, stored {stored:?}")
            }
            Self::StoredTwice(rows) => write!(f, "stored {} times: {rows:?}", rows.len()),
            Self::ToldTwice(one, other) => write!(f, "one name, two groups: {one:?} and {other:?}"),
            Self::RefusedAndStored { ask, status, stored } => {
                write!(f, "{status} and stored: asked {ask:?}, stored {stored:?}")
            }
            Self::NobodyAsked(group) => write!(f, "stored and not asked for: {group:?}"),
            Self::TakenByNobody(ask) => write!(f, "409 for a name that nobody could have: {ask:?}"),
            Self::TakenAndMissing(ask) => write!(f, "409 for a name that is not stored: {ask:?}"),
        }
    }
}
