//! The backoff of commands that retry a database operation.

use backon::ExponentialBuilder;
use std::time::Duration;

/// Backs off six times, from 100 ms to 3.2 s. A database that restarts is back by then; any longer outage needs an
/// operator.
pub(in crate::commands) fn policy() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_millis(3200))
        .with_max_times(6)
}
