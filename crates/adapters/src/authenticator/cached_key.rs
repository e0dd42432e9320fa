//! A cached look-up and its age.

use crate::key_uses::{LastUse, NotedUses};
use gochat_domain::{
    auth::{ApiKey, IssuedKey},
    ports::{ApiKeyRepository, StorageError},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// A key that was found, and the place where its uses are noted.
pub(super) struct KnownKey {
    pub(super) issued: IssuedKey,
    pub(super) last_use: Arc<LastUse>,
}

/// Looks keys up.
pub(super) struct LookUps {
    pub(super) keys: Arc<dyn ApiKeyRepository>,
    pub(super) noted_uses: Arc<NotedUses>,
}

/// The result of a look-up, and its start time. Clones share the refresh lock.
#[derive(Clone)]
pub(super) struct CachedKey {
    looked_up_at: Instant,
    pub(super) known: Option<Arc<KnownKey>>,
    refresh: Arc<Mutex<()>>,
}

impl LookUps {
    /// Looks `key` up.
    pub(super) async fn look_up(&self, key: &ApiKey) -> Result<CachedKey, StorageError> {
        // Taken before the look-up, which may miss a concurrent revocation.
        let looked_up_at = Instant::now();
        let issued = self.keys.find(key).await?;
        let known = issued.map(|issued| {
            let last_use = self.noted_uses.of(&issued);
            Arc::new(KnownKey { issued, last_use })
        });
        Ok(CachedKey { looked_up_at, known, refresh: Arc::default() })
    }
}

impl CachedKey {
    /// Time since the look-up began.
    pub(super) fn age(&self) -> Duration {
        self.looked_up_at.elapsed()
    }

    /// Takes the refresh lock, unless a task holds it.
    pub(super) fn try_lock_refresh(&self) -> Option<OwnedMutexGuard<()>> {
        Arc::clone(&self.refresh).try_lock_owned().ok()
    }
}
