//! Knows callers by the keys on record, and asks the record rarely.

use crate::{Fault, api_keys::digest, metrics::KeyCacheMetrics};
use async_trait::async_trait;
use gochat_domain::{
    auth::{ApiKey, Caller, IssuedKey},
    clock::Clock,
    ports::{ApiKeyRepository, AuthenticateError, Authenticator, StorageError},
};
use prometheus::{IntCounter, Registry};
use quick_cache::sync::Cache;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// An [`Authenticator`] over the keys on record, with a small cache of what they said, unknown keys included.
///
/// What was looked up is believed for [`CachingAuthenticator::MAX_AGE`] at most, counted from before the look-up; so
/// is how long a revoked key may go on working. Expiry is checked each time. Of many requests with one key that is
/// not in the cache, one asks the record and the others wait for it.
pub struct CachingAuthenticator {
    keys: Arc<dyn ApiKeyRepository>,
    clock: Arc<dyn Clock>,
    cache: Cache<[u8; 32], Answer>,
    max_age: Duration,
    metrics: Option<KeyCacheMetrics>,
}

/// What the record said of a key, and when it was asked.
#[derive(Clone)]
struct Answer {
    asked_at: Instant,
    issued: Option<Arc<IssuedKey>>,
}

impl CachingAuthenticator {
    /// The oldest answer that is believed. Below the 5 seconds that the contract allows.
    pub const MAX_AGE: Duration = Duration::from_secs(4);

    /// The longest wait for an answer: of those that wait for one look-up that fails, the next asks anew.
    const MAX_WAIT: Duration = Duration::from_secs(5);

    /// The most keys that are remembered; a flood of unknown keys costs no more memory than this.
    const CAPACITY: usize = 10_000;

    /// An authenticator that believes an answer of `keys` for `max_age`.
    pub fn new(keys: Arc<dyn ApiKeyRepository>, clock: Arc<dyn Clock>, max_age: Duration) -> Self {
        Self { keys, clock, cache: Cache::new(Self::CAPACITY), max_age, metrics: None }
    }

    /// With its hits and misses counted in `registry`.
    pub fn measured(self, registry: &Registry) -> prometheus::Result<Self> {
        Ok(Self { metrics: Some(KeyCacheMetrics::register(registry)?), ..self })
    }

    fn count(&self, counter: impl Fn(&KeyCacheMetrics) -> &IntCounter) {
        if let Some(metrics) = &self.metrics {
            counter(metrics).inc();
        }
    }

    async fn look_up(&self, key: &ApiKey) -> Result<Option<Arc<IssuedKey>>, StorageError> {
        let digest = digest(key);
        let stale = |answer: &Answer| answer.asked_at.elapsed() > self.max_age;
        if let Some(answer) = self.cache.get(&digest).filter(|answer| !stale(answer)) {
            self.count(|metrics| &metrics.hits);
            return Ok(answer.issued);
        }
        self.count(|metrics| &metrics.misses);
        self.cache.remove_if(&digest, stale);
        let ask = async {
            let asked_at = Instant::now();
            let issued = self.keys.find(key).await?.map(Arc::new);
            Ok(Answer { asked_at, issued })
        };
        match timeout(Self::MAX_WAIT, self.cache.get_or_insert_async(&digest, ask)).await {
            Ok(answer) => answer.map(|answer| answer.issued),
            Err(_) => Err(Fault::Unavailable("the record of keys took too long".into()).into()),
        }
    }
}

#[async_trait]
impl Authenticator for CachingAuthenticator {
    async fn authenticate(&self, key: &ApiKey) -> Result<Caller, AuthenticateError> {
        let issued = self.look_up(key).await?.ok_or(AuthenticateError::Unauthorized)?;
        issued.admit(self.clock.now()).map_err(|_| AuthenticateError::Unauthorized)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gochat_domain::{
        auth::{KeyId, KeyName, Scopes},
        clock::{MockClock, Timestamp},
        ports::MockApiKeyRepository,
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(seconds * 1_000_000).unwrap()
    }

    fn issued() -> IssuedKey {
        IssuedKey {
            id: KeyId(uuid::Uuid::max()),
            name: KeyName::parse("mobile app").unwrap(),
            scopes: Scopes::all(),
            created_at: at(0),
            expires_at: Some(at(100)),
            revoked_at: None,
        }
    }

    fn authenticator(
        keys: MockApiKeyRepository,
        clock: MockClock,
        max_age: Duration,
    ) -> CachingAuthenticator {
        CachingAuthenticator::new(Arc::new(keys), Arc::new(clock), max_age)
    }

    fn clock_at(now: Timestamp) -> MockClock {
        let mut clock = MockClock::new();
        clock.expect_now().return_const(now);
        clock
    }

    fn some_key() -> ApiKey {
        ApiKey::parse("gck_some").unwrap()
    }

    #[tokio::test]
    async fn a_key_is_looked_up_once_while_the_answer_is_fresh() {
        let mut keys = MockApiKeyRepository::new();
        keys.expect_find().once().returning(|_| Ok(Some(issued())));
        let authenticator = authenticator(keys, clock_at(at(1)), Duration::MAX);
        for _ in 0..3 {
            assert_eq!(authenticator.authenticate(&some_key()).await.unwrap().key_id(), issued().id);
        }
    }

    #[tokio::test]
    async fn an_unknown_key_is_remembered_too() {
        let mut keys = MockApiKeyRepository::new();
        keys.expect_find().once().returning(|_| Ok(None));
        let authenticator = authenticator(keys, clock_at(at(1)), Duration::MAX);
        for _ in 0..3 {
            let refused = authenticator.authenticate(&some_key()).await;
            assert!(matches!(refused, Err(AuthenticateError::Unauthorized)));
        }
    }

    #[tokio::test]
    async fn a_stale_answer_is_asked_for_again() {
        let mut keys = MockApiKeyRepository::new();
        keys.expect_find().once().returning(|_| Ok(Some(issued())));
        let revoked = IssuedKey { revoked_at: Some(at(1)), ..issued() };
        keys.expect_find().once().returning(move |_| Ok(Some(revoked.clone())));
        let authenticator = authenticator(keys, clock_at(at(1)), Duration::ZERO);
        assert!(authenticator.authenticate(&some_key()).await.is_ok());
        assert!(matches!(
            authenticator.authenticate(&some_key()).await,
            Err(AuthenticateError::Unauthorized)
        ));
    }

    #[tokio::test]
    async fn a_remembered_key_expires_on_time() {
        let mut keys = MockApiKeyRepository::new();
        keys.expect_find().once().returning(|_| Ok(Some(issued())));
        let mut clock = MockClock::new();
        clock.expect_now().once().return_const(at(99));
        clock.expect_now().once().return_const(at(100));
        let authenticator = authenticator(keys, clock, Duration::MAX);
        assert!(authenticator.authenticate(&some_key()).await.is_ok());
        assert!(matches!(
            authenticator.authenticate(&some_key()).await,
            Err(AuthenticateError::Unauthorized)
        ));
    }

    #[tokio::test]
    async fn a_failed_look_up_is_not_remembered() {
        let mut keys = MockApiKeyRepository::new();
        keys.expect_find().once().returning(|_| Err(StorageError::Unavailable(anyhow::anyhow!("away"))));
        keys.expect_find().once().returning(|_| Ok(Some(issued())));
        let authenticator = authenticator(keys, clock_at(at(1)), Duration::MAX);
        let refused = authenticator.authenticate(&some_key()).await;
        assert!(matches!(refused, Err(AuthenticateError::Storage(StorageError::Unavailable(_)))));
        assert!(authenticator.authenticate(&some_key()).await.is_ok());
    }
}
