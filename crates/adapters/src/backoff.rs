//! The delays between attempts to reach a database that is away.

use backon::{BackoffBuilder, ExponentialBuilder};
use std::time::Duration;

/// Pauses of 5 ms, each twice as long as the one before, up to 200 ms; without an end.
pub(crate) fn delays() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(5))
        .with_max_delay(Duration::from_millis(200))
        .without_max_times()
        .build()
}
