//! Sweeps old Idempotency-Keys, as long as the server runs.

use actix_web::rt::time::{interval, sleep};
use gochat_adapters::IdempotencySweeper;
use gochat_domain::{clock::Clock, ports::StorageError};
use std::time::Duration;

/// Interval between sweeps; the first runs at start.
const INTERVAL: Duration = Duration::from_secs(60);

/// Pause between two steps of a sweep. Each step dirties pages all over the table, and creates wait for the disk beside them.
const PAUSE: Duration = Duration::from_millis(5);

/// Forgets keys that are older than `keep`, until this is dropped.
pub(crate) async fn run(sweeper: IdempotencySweeper, clock: impl Clock, keep: Duration) {
    let mut interval = interval(INTERVAL);
    loop {
        interval.tick().await;
        if let Err(error) = sweep(&sweeper, &clock, keep).await {
            tracing::warn!(error = format!("{error:#}"), "old idempotency keys could not be swept");
        }
    }
}

async fn sweep(sweeper: &IdempotencySweeper, clock: &impl Clock, keep: Duration) -> Result<(), StorageError> {
    // There are no keys from before the first moment that can be told.
    let Some(moment) = clock.now().checked_sub(keep) else { return Ok(()) };
    while sweeper.sweep(moment).await? > 0 {
        sleep(PAUSE).await;
    }
    Ok(())
}
