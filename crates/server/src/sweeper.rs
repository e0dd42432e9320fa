//! Periodic deletion of expired Idempotency-Keys.

use actix_web::rt::time::sleep;
use gochat_adapters::IdempotencySweeper;
use gochat_domain::{clock::Clock, ports::StorageError};
use std::time::Duration;

/// Pause between two steps of a sweep, because creates wait while a step runs.
const PAUSE: Duration = Duration::from_millis(5);

/// Pause before a failed step is retried.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// Deletes keys older than `keep`, until the future is dropped. The first sweep runs at start.
pub(crate) async fn run(mut sweeper: IdempotencySweeper, clock: impl Clock, keep: Duration) {
    let interval = sweeper.interval(keep);
    loop {
        // If `keep` reaches back before the earliest representable time, no key can be that old.
        if let Some(cutoff) = clock.now().checked_sub(keep) {
            sweep(async || sweeper.step(cutoff).await, PAUSE, RETRY_AFTER).await;
        }
        sleep(interval).await;
    }
}

/// Runs steps until nothing is left to delete. A failed step is retried, so the sweep continues where it stopped.
async fn sweep(
    mut step: impl AsyncFnMut() -> Result<bool, StorageError>,
    pause: Duration,
    retry_after: Duration,
) {
    loop {
        match step().await {
            Ok(true) => sleep(pause).await,
            Ok(false) => return,
            Err(error) => {
                let error = format!("{:#}", anyhow::Error::from(error));
                tracing::warn!(error, "expired idempotency keys could not be deleted; the sweep is retried");
                sleep(retry_after).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_step_that_fails_does_not_end_the_sweep() {
        let failed = || Err(StorageError::Unavailable(anyhow::anyhow!("away")));
        let mut outcomes = [Ok(true), failed(), failed(), Ok(true), Ok(false), Ok(true)].into_iter();
        sweep(async || outcomes.next().unwrap(), Duration::ZERO, Duration::ZERO).await;
        assert_eq!(outcomes.len(), 1);
    }
}
