//! Background refreshes of cached keys.

use super::{CachedKey, KeyCache, LookUps};
use crate::api_keys::digest;
use gochat_domain::auth::ApiKey;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, time::timeout};

/// Refreshes entries before they are stale.
pub(super) struct Refresher {
    look_ups: Arc<LookUps>,
    cache: Arc<KeyCache>,
    tasks: Arc<Semaphore>,
}

impl Refresher {
    /// Maximum number of concurrent refreshes. Beyond it no refresh starts, and the next request with the key tries
    /// again.
    pub(super) const MAX_TASKS: usize = 16;

    pub(super) fn new(look_ups: Arc<LookUps>, cache: Arc<KeyCache>) -> Self {
        Self { look_ups, cache, tasks: Arc::new(Semaphore::new(Self::MAX_TASKS)) }
    }

    /// Starts a task that looks `key` up and replaces `entry`, with the timeout `limit`. A failed look-up leaves the
    /// entry unchanged. Returns false, and starts no task, if the entry has one already or too many tasks run.
    pub(super) fn start(&self, key: &ApiKey, entry: &CachedKey, limit: Duration) -> bool {
        let Some(guard) = entry.try_lock_refresh() else { return false };
        let Ok(permit) = Arc::clone(&self.tasks).try_acquire_owned() else { return false };
        let (look_ups, cache, key) = (Arc::clone(&self.look_ups), Arc::clone(&self.cache), key.clone());
        tokio::spawn(async move {
            let _held_until_the_end = (guard, permit);
            match timeout(limit, look_ups.look_up(&key)).await {
                // `replace` does not insert: an entry evicted meanwhile stays evicted.
                Ok(Ok(entry)) => drop(cache.replace(digest(&key), entry, true)),
                Ok(Err(error)) => tracing::debug!(?error, "a key was not refreshed"),
                Err(_) => tracing::debug!("a key was not refreshed in time"),
            }
        });
        true
    }
}
