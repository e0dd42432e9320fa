//! An answer of the record, and its age.

use gochat_domain::{
    auth::{ApiKey, IssuedKey},
    ports::{ApiKeyRepository, StorageError},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// The key on record, or none, and the moment of the question. Clones share the right to refresh.
#[derive(Clone)]
pub(super) struct CachedKey {
    looked_up_at: Instant,
    pub(super) issued: Option<Arc<IssuedKey>>,
    refresh: Arc<Mutex<()>>,
}

impl CachedKey {
    /// Asks the record for `key`.
    pub(super) async fn look_up(keys: &dyn ApiKeyRepository, key: &ApiKey) -> Result<Self, StorageError> {
        // Taken before the look-up: a key that is revoked during it may be found as it was.
        let looked_up_at = Instant::now();
        let issued = keys.find(key).await?.map(Arc::new);
        Ok(Self { looked_up_at, issued, refresh: Arc::default() })
    }

    /// The time since the record was asked.
    pub(super) fn age(&self) -> Duration {
        self.looked_up_at.elapsed()
    }

    /// The right to refresh this answer, unless a task has it.
    pub(super) fn try_lock_refresh(&self) -> Option<OwnedMutexGuard<()>> {
        Arc::clone(&self.refresh).try_lock_owned().ok()
    }
}
