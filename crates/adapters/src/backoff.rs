//! The backoff between attempts to reach an unreachable database.

use backon::{BackoffBuilder, ExponentialBuilder};
use std::time::Duration;

/// Delays from 5 ms, doubling up to 200 ms, without end.
pub(crate) fn delays() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(5))
        .with_max_delay(Duration::from_millis(200))
        .without_max_times()
        .build()
}
