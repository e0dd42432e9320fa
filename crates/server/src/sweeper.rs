//! Sweeps old Idempotency-Keys, as long as the server runs.

use actix_web::rt::time::sleep;
use gochat_adapters::IdempotencySweeper;
use gochat_domain::{clock::Clock, ports::StorageError};
use std::time::Duration;

/// Pause between two steps of a sweep, as creates wait beside each.
const PAUSE: Duration = Duration::from_millis(5);

/// Pause before a step that failed is done again.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// Forgets keys that are older than `keep`, until this is dropped. The first sweep runs at start.
pub(crate) async fn run(mut sweeper: IdempotencySweeper, clock: impl Clock, keep: Duration) {
    let interval = sweeper.interval(keep);
    loop {
        // There are no keys from before the first moment that can be told.
        if let Some(moment) = clock.now().checked_sub(keep) {
            sweep(async || sweeper.step(moment).await, PAUSE, RETRY_AFTER).await;
        }
        sleep(interval).await;
    }
}

/// Takes steps until none may follow. One that fails is done again, so the sweep goes on where it was.
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
                tracing::warn!(error, "old idempotency keys could not be swept; it is tried again");
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
