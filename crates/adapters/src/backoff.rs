//! The pauses between attempts to reach a database that is away.

use std::{iter, time::Duration};

const FIRST: [Duration; 5] = [
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
];

/// The pauses after the first.
const LONGEST: Duration = Duration::from_millis(200);

/// The pauses, without an end.
pub(crate) fn pauses() -> impl Iterator<Item = Duration> {
    FIRST.into_iter().chain(iter::repeat(LONGEST))
}
