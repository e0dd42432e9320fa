//! Authenticates callers by their stored keys, through a cache.

mod cached_key;
mod refresher;
#[cfg(test)]
mod tests;

use crate::{
    Fault,
    api_keys::digest,
    key_uses::{KeyUseRecorder, NotedUses},
    metrics::KeyCacheMetrics,
};
use async_trait::async_trait;
use cached_key::{CachedKey, KnownKey, LookUps};
use gochat_domain::{
    auth::{ApiKey, Caller},
    clock::Clock,
    ports::{ApiKeyRepository, AuthenticateError, Authenticator, StorageError},
};
use prometheus::{IntCounter, Registry};
use quick_cache::sync::Cache;
use refresher::Refresher;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// An [`Authenticator`] with a small cache of key look-ups, including those of unknown keys.
///
/// An entry is valid for [`CachingAuthenticator::MAX_AGE`] at most, counted from the start of the look-up, so a revoked
/// key may keep working that long. An expired key is refused at once, because its expiry time is in the entry.
/// Concurrent misses of one key share one look-up. An entry past half of its maximum age is refreshed in the
/// background, so that requests with a key in use do not wait for the database.
///
/// The last use of each key is noted in memory, and stored by [`KeyUseRecorder`].
pub struct CachingAuthenticator {
    look_ups: Arc<LookUps>,
    clock: Arc<dyn Clock>,
    cache: Arc<KeyCache>,
    max_age: Duration,
    refresh_age: Duration,
    refresher: Refresher,
    metrics: Option<KeyCacheMetrics>,
}

/// Look-up results by the digest of the key.
type KeyCache = Cache<[u8; 32], CachedKey>;

impl CachingAuthenticator {
    /// Maximum age of an entry. Below the 5 seconds that the contract allows.
    pub const MAX_AGE: Duration = Duration::from_secs(4);

    /// Longest wait of a request for look-ups of its key. They may be several: when a shared one fails, the next waiting
    /// request starts another.
    const MAX_WAIT: Duration = Duration::from_secs(5);

    /// Maximum number of entries; bounds the memory that a flood of unknown keys can take.
    const CAPACITY: usize = 10_000;

    /// An authenticator that looks keys up in `keys` and caches the results for `max_age`.
    pub fn new(keys: Arc<dyn ApiKeyRepository>, clock: Arc<dyn Clock>, max_age: Duration) -> Self {
        let cache = Arc::new(Cache::new(Self::CAPACITY));
        let look_ups = Arc::new(LookUps { keys, noted_uses: Arc::new(NotedUses::default()) });
        let refresher = Refresher::new(Arc::clone(&look_ups), Arc::clone(&cache));
        Self { look_ups, clock, cache, max_age, refresh_age: max_age / 2, refresher, metrics: None }
    }

    /// Counts cache hits, misses and refreshes in `registry`.
    pub fn with_metrics(self, registry: &Registry) -> prometheus::Result<Self> {
        Ok(Self { metrics: Some(KeyCacheMetrics::register(registry)?), ..self })
    }

    /// Returns the recorder of the uses that this authenticator notes.
    pub fn use_recorder(&self) -> KeyUseRecorder {
        KeyUseRecorder::new(Arc::clone(&self.look_ups.keys), Arc::clone(&self.look_ups.noted_uses))
    }

    fn count(&self, counter: impl Fn(&KeyCacheMetrics) -> &IntCounter) {
        if let Some(metrics) = &self.metrics {
            counter(metrics).inc();
        }
    }

    async fn look_up(&self, key: &ApiKey) -> Result<Option<Arc<KnownKey>>, StorageError> {
        let digest = digest(key);
        let stale = |entry: &CachedKey| entry.age() > self.max_age;
        if let Some(entry) = self.cache.get(&digest).filter(|entry| !stale(entry)) {
            self.count(|metrics| &metrics.hits);
            self.refresh_if_due(key, &entry);
            return Ok(entry.known);
        }
        self.count(|metrics| &metrics.misses);
        self.cache.remove_if(&digest, stale);
        let look_up = self.look_ups.look_up(key);
        match timeout(Self::MAX_WAIT, self.cache.get_or_insert_async(&digest, look_up)).await {
            Ok(entry) => entry.map(|entry| entry.known),
            Err(_) => Err(Fault::Unavailable("the look-up of the key took too long".into()).into()),
        }
    }

    /// Unknown keys are not refreshed: a flood of them would delay the look-ups of valid keys.
    fn refresh_if_due(&self, key: &ApiKey, entry: &CachedKey) {
        let age = entry.age();
        if entry.known.is_none() || age < self.refresh_age {
            return;
        }
        // The refresh ends before the entry is stale, so it never replaces the result of a later look-up.
        let limit = self.max_age.saturating_sub(age).min(Self::MAX_WAIT);
        if self.refresher.start(key, entry, limit) {
            self.count(|metrics| &metrics.refreshes);
        }
    }
}

#[async_trait]
impl Authenticator for CachingAuthenticator {
    async fn authenticate(&self, key: &ApiKey) -> Result<Caller, AuthenticateError> {
        let known = self.look_up(key).await?.ok_or(AuthenticateError::Unauthorized)?;
        let now = self.clock.now();
        let caller = known.issued.admit(now).map_err(|_| AuthenticateError::Unauthorized)?;
        known.last_use.note(now);
        Ok(caller)
    }
}
