//! The pauses of a command before it asks the database again.

use backon::ExponentialBuilder;
use std::time::Duration;

/// Six pauses, from 100 ms to 3.2 s: a database that restarts is back by then, or takes a person.
pub(super) fn pauses() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_millis(3200))
        .with_max_times(6)
}
