//! The id of a stored group.

use crate::text::parse_digits;
use std::fmt;

/// A group's number, assigned by the repository: from 1 up, never reused, not even after a delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(i64);

impl GroupId {
    /// Checks that `id` is positive.
    pub fn new(id: i64) -> Result<Self, InvalidGroupId> {
        if id >= 1 { Ok(Self(id)) } else { Err(InvalidGroupId) }
    }

    /// Parses ASCII digits only.
    pub fn parse(digits: &str) -> Result<Self, InvalidGroupId> {
        parse_digits(digits).map_or(Err(InvalidGroupId), Self::new)
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

/// The number is not a positive integer.
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

    #[test]
    fn ids_are_parsed_from_digits_only() {
        assert_eq!(GroupId::parse("9223372036854775807").map(GroupId::get), Ok(i64::MAX));
        for digits in ["", "0", "-1", "+1", "1.0", " 1", "x", "9223372036854775808"] {
            assert_eq!(GroupId::parse(digits), Err(InvalidGroupId), "{digits:?}");
        }
    }
}
