//! The number of a stored group.

use std::fmt;

/// A group's number, given by the repository: from 1 up, never used again, also after a delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(i64);

impl GroupId {
    /// Takes a number that is positive.
    pub fn new(id: i64) -> Result<Self, InvalidGroupId> {
        if id >= 1 { Ok(Self(id)) } else { Err(InvalidGroupId) }
    }

    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// It is not a positive number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("id must be an integer from 1 to 9223372036854775807")]
pub struct InvalidGroupId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_start_at_one() {
        assert_eq!(GroupId::new(0), Err(InvalidGroupId));
        assert_eq!(GroupId::new(1).unwrap().to_string(), "1");
    }
}
