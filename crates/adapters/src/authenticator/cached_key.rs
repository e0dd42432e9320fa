//! A cached look-up and its age.

use gochat_domain::{
    auth::{ApiKey, IssuedKey},
    ports::{ApiKeyRepository, StorageError},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// The result of a look-up, and its start time. Clones share the refresh lock.
#[derive(Clone)]
pub(super) struct CachedKey {
    looked_up_at: Instant,
    pub(super) issued: Option<Arc<IssuedKey>>,
    refresh: Arc<Mutex<()>>,
}

impl CachedKey {
    /// Looks `key` up.
    pub(super) async fn look_up(keys: &dyn ApiKeyRepository, key: &ApiKey) -> Result<Self, StorageError> {
        // Taken before the look-up, which may miss a concurrent revocation.
        let looked_up_at = Instant::now();
        let issued = keys.find(key).await?.map(Arc::new);
        Ok(Self { looked_up_at, issued, refresh: Arc::default() })
    }

    /// Time since the look-up began.
    pub(super) fn age(&self) -> Duration {
        self.looked_up_at.elapsed()
    }

    /// Takes the refresh lock, unless a task holds it.
    pub(super) fn try_lock_refresh(&self) -> Option<OwnedMutexGuard<()>> {
        Arc::clone(&self.refresh).try_lock_owned().ok()
    }
}
