//! Periodic recording of the last uses of API keys.

use actix_web::rt::{
    self,
    task::JoinHandle,
    time::{sleep, timeout},
};
use gochat_adapters::KeyUseRecorder;
use std::time::Duration;

/// Longest time for which a shutdown waits until the last uses are stored.
const MAX_AT_SHUTDOWN: Duration = Duration::from_secs(5);

/// Pause before a recording that failed at shutdown is repeated.
const RETRY_AT_SHUTDOWN: Duration = Duration::from_millis(50);

/// A running task that records the last uses.
pub(crate) struct RecordingTask {
    recorder: KeyUseRecorder,
    task: JoinHandle<()>,
}

impl RecordingTask {
    /// Starts the task.
    pub(crate) fn start(recorder: KeyUseRecorder) -> Self {
        let task = rt::spawn(run(recorder.clone(), KeyUseRecorder::INTERVAL));
        Self { recorder, task }
    }

    /// Ends the task, and records what it has not recorded yet, within `limit`.
    pub(crate) async fn finish(self, limit: Duration) {
        self.task.abort();
        record_all(&self.recorder, limit.min(MAX_AT_SHUTDOWN)).await;
    }
}

/// Records after each `interval`, until the future is dropped. A failed recording is repeated by the next one.
async fn run(recorder: KeyUseRecorder, interval: Duration) {
    loop {
        sleep(interval).await;
        if let Err(error) = recorder.record().await {
            let (error, keys) = (format!("{:#}", anyhow::Error::from(error)), recorder.unstored());
            tracing::warn!(error, keys, "the last uses of keys could not be stored; they are stored later");
        }
    }
}

/// Records until nothing is left, for at most `limit`. Logs what is lost.
async fn record_all(recorder: &KeyUseRecorder, limit: Duration) {
    let record = async {
        while recorder.unstored() > 0 {
            if recorder.record().await.is_err() || recorder.unstored() > 0 {
                sleep(RETRY_AT_SHUTDOWN).await;
            }
        }
    };
    if timeout(limit, record).await.is_err() {
        let keys = recorder.unstored();
        tracing::warn!(keys, "the last uses of keys could not be stored before the end, and are lost");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gochat_adapters::CachingAuthenticator;
    use gochat_domain::{
        auth::ApiKey,
        clock::SystemClock,
        ports::{Authenticator, MockApiKeyRepository, StorageError},
        testing::issued_key,
    };
    use gochat_test_support::deadline::with_timeout;
    use std::sync::Arc;

    /// A recorder with one noted use. The first `failures` recordings fail.
    async fn recorder(failures: usize) -> KeyUseRecorder {
        let mut keys = MockApiKeyRepository::new();
        keys.expect_find().return_once(|_| Ok(Some(issued_key(1))));
        let unreachable = || StorageError::Unavailable(anyhow::anyhow!("unreachable"));
        keys.expect_record_uses().times(failures).returning(move |_| Err(unreachable()));
        keys.expect_record_uses().returning(|_| Ok(Vec::new()));
        let authenticator =
            CachingAuthenticator::new(Arc::new(keys), Arc::new(SystemClock), CachingAuthenticator::MAX_AGE);
        authenticator.authenticate(&ApiKey::parse("gck_some").unwrap()).await.unwrap();
        let recorder = authenticator.use_recorder();
        assert_eq!(recorder.unstored(), 1);
        recorder
    }

    #[actix_web::test]
    async fn a_recording_that_fails_is_repeated_after_the_interval() {
        let recorder = recorder(2).await;
        let task = rt::spawn(run(recorder.clone(), Duration::ZERO));
        with_timeout("the use is stored", async {
            while recorder.unstored() > 0 {
                rt::task::yield_now().await;
            }
        })
        .await;
        task.abort();
    }

    #[actix_web::test]
    async fn the_last_uses_are_recorded_at_the_end() {
        let recorder = recorder(2).await;
        let task = RecordingTask::start(recorder.clone());
        task.finish(Duration::MAX).await;
        assert_eq!(recorder.unstored(), 0);
    }

    #[actix_web::test]
    async fn a_shutdown_waits_no_longer_than_its_limit_for_the_last_uses() {
        let recorder = recorder(1).await;
        with_timeout("the end", RecordingTask::start(recorder.clone()).finish(Duration::ZERO)).await;
        assert_eq!(recorder.unstored(), 1);
    }
}
