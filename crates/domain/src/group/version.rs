//! Versions of a group. A caller may ask that a change is refused unless the group still has the version that the caller
//! has seen.

/// A group's version: 1 at its creation, one more at each change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(i64);

impl Version {
    /// The version of a new group.
    pub const FIRST: Self = Self(1);

    /// Checks that `number` is positive.
    pub fn new(number: i64) -> Result<Self, InvalidVersion> {
        if number >= 1 { Ok(Self(number)) } else { Err(InvalidVersion) }
    }

    /// The version after a change.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

/// The number is not positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a version must be an integer from 1 to 9223372036854775807")]
pub struct InvalidVersion;

/// The versions to which a caller's change or delete applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Any version.
    Any,
    /// One of these versions; no version if the list is empty.
    OneOf(Vec<Version>),
}

impl Expected {
    /// Checks that a group of this version may be changed.
    pub fn check(&self, version: Version) -> Result<(), PreconditionFailed> {
        match self {
            Self::Any => Ok(()),
            Self::OneOf(versions) if versions.contains(&version) => Ok(()),
            Self::OneOf(_) => Err(PreconditionFailed),
        }
    }
}

/// The group has a version other than those that the caller expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the group has another version than the expected one")]
pub struct PreconditionFailed;

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: i64) -> Version {
        Version::new(number).unwrap()
    }

    #[test]
    fn versions_count_from_one() {
        assert_eq!(Version::new(0), Err(InvalidVersion));
        assert_eq!(Version::FIRST.next(), version(2));
        assert_eq!(version(i64::MAX).next().get(), i64::MAX);
    }

    #[test]
    fn a_version_is_checked_against_those_expected() {
        assert_eq!(Expected::Any.check(version(7)), Ok(()));
        assert_eq!(Expected::OneOf(vec![version(6), version(7)]).check(version(7)), Ok(()));
        for others in [vec![], vec![version(6), version(8)]] {
            assert_eq!(Expected::OneOf(others).check(version(7)), Err(PreconditionFailed));
        }
    }
}
