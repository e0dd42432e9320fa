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
