//! Users, whom the identity service knows.

use crate::text::parse_digits;

/// The id of a user in the identity service: 1 to 9223372036854775807. This service does not check that the user
/// exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(i64);

impl UserId {
    /// The smallest id.
    pub const MIN: Self = Self(1);

    /// Checks that `id` is positive.
    pub fn new(id: i64) -> Result<Self, InvalidUserId> {
        if id >= 1 { Ok(Self(id)) } else { Err(InvalidUserId) }
    }

    /// Parses ASCII digits only: no sign, no space, no decimal point.
    pub fn parse(digits: &str) -> Result<Self, InvalidUserId> {
        parse_digits(digits).map_or(Err(InvalidUserId), Self::new)
    }

    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

/// The number is not an integer in range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user's id must be an integer from 1 to 9223372036854775807")]
pub struct InvalidUserId;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_digits_in_range_are_parsed() {
        for (digits, id) in [("1", 1), ("007", 7), ("9223372036854775807", i64::MAX)] {
            assert_eq!(UserId::parse(digits).map(UserId::get), Ok(id), "{digits}");
        }
        for refused in ["", "0", "-1", "+1", " 1", "1 ", "1.0", "1e3", "9223372036854775808", "١"] {
            assert_eq!(UserId::parse(refused), Err(InvalidUserId), "{refused:?}");
        }
    }

    proptest! {
        #[test]
        fn every_positive_number_round_trips(id in 1..=i64::MAX) {
            prop_assert_eq!(UserId::parse(&id.to_string()).unwrap().get(), id);
        }

        #[test]
        fn other_numbers_are_refused(id in i64::MIN..=0) {
            prop_assert_eq!(UserId::new(id), Err(InvalidUserId));
        }
    }
}
