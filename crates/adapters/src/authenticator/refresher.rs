//! Look-ups in the background, for keys in use.

use super::{CachedKey, KeyCache};
use crate::api_keys::digest;
use gochat_domain::{auth::ApiKey, ports::ApiKeyRepository};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, time::timeout};

/// Replaces answers while they are still believed.
pub(super) struct Refresher {
    keys: Arc<dyn ApiKeyRepository>,
    cache: Arc<KeyCache>,
    tasks: Arc<Semaphore>,
}

impl Refresher {
    /// The most refreshes at once. Where more are due, the next request with the key tries again.
    pub(super) const MAX_TASKS: usize = 16;

    pub(super) fn new(keys: Arc<dyn ApiKeyRepository>, cache: Arc<KeyCache>) -> Self {
        Self { keys, cache, tasks: Arc::new(Semaphore::new(Self::MAX_TASKS)) }
    }

    /// Starts a task that looks `key` up and replaces `answer`, and gives up after `limit`. Returns whether it did: each
    /// answer has one task at most. A look-up that fails leaves the answer as it is.
    pub(super) fn start(&self, key: &ApiKey, answer: &CachedKey, limit: Duration) -> bool {
        let Some(turn) = answer.try_lock_refresh() else { return false };
        let Ok(permit) = Arc::clone(&self.tasks).try_acquire_owned() else { return false };
        let (keys, cache, key) = (Arc::clone(&self.keys), Arc::clone(&self.cache), key.clone());
        tokio::spawn(async move {
            let _held_until_the_end = (turn, permit);
            match timeout(limit, CachedKey::look_up(&*keys, &key)).await {
                // An answer that had to leave the cache meanwhile stays away.
                Ok(Ok(answer)) => drop(cache.replace(digest(&key), answer, true)),
                Ok(Err(error)) => tracing::debug!(?error, "a key was not refreshed"),
                Err(_) => tracing::debug!("a key was not refreshed in time"),
            }
        });
        true
    }
}
