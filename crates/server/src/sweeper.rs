//! Sweeps old Idempotency-Keys, as long as the server runs.

use actix_web::rt::time::{interval, sleep};
use gochat_adapters::{IdempotencySweeper, SweepPlace};
use gochat_domain::{clock::Clock, ports::StorageError};
use std::time::Duration;

/// Shortest interval between sweeps; the first runs at start.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(60);

/// Sweeps in the time for which a key is kept. On SQLite each reads the whole record.
const SWEEPS: u32 = 24;

/// Pause between two steps of a sweep, as creates wait beside each.
const PAUSE: Duration = Duration::from_millis(5);

/// Forgets keys that are older than `keep`, until this is dropped.
pub(crate) async fn run(sweeper: IdempotencySweeper, clock: impl Clock, keep: Duration) {
    let mut interval = interval(SHORTEST_INTERVAL.max(keep / SWEEPS));
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
    let mut place = SweepPlace::START;
    while let Some(next) = sweeper.sweep(moment, place).await? {
        place = next;
        sleep(PAUSE).await;
    }
    Ok(())
}
