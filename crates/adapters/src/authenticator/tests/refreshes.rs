//! Tests of background refreshes.

use super::*;
use gochat_domain::auth::KeyUse;
use gochat_test_support::deadline::with_timeout;
use tokio::sync::{mpsc, oneshot};

/// A repository whose look-ups the test answers, at a time of its choice. A mock would answer at once.
struct ControlledKeys(mpsc::UnboundedSender<LookUp>);

type LookUp = oneshot::Sender<Result<Option<IssuedKey>, StorageError>>;

#[async_trait]
impl ApiKeyRepository for ControlledKeys {
    async fn find(&self, _: &ApiKey) -> Result<Option<IssuedKey>, StorageError> {
        let (answer, answered) = oneshot::channel();
        self.0.send(answer).unwrap();
        answered.await.unwrap()
    }

    async fn insert(&self, _: &ApiKey, _: &IssuedKey) -> Result<(), StorageError> {
        unreachable!("nothing is issued here")
    }

    async fn list(&self) -> Result<Vec<IssuedKey>, StorageError> {
        unreachable!("nothing is listed here")
    }

    async fn list_before(&self, _: KeyId, _: u16) -> Result<Vec<IssuedKey>, StorageError> {
        unreachable!("nothing is listed here")
    }

    async fn revoke(&self, _: KeyId, _: Timestamp) -> Result<bool, StorageError> {
        unreachable!("nothing is revoked here")
    }

    async fn record_uses(&self, _: &[KeyUse]) -> Result<Vec<KeyId>, StorageError> {
        unreachable!("no use is recorded here")
    }
}

fn controlled_keys() -> (Arc<ControlledKeys>, mpsc::UnboundedReceiver<LookUp>) {
    let (sender, look_ups) = mpsc::unbounded_channel();
    (Arc::new(ControlledKeys(sender)), look_ups)
}

fn look_ups(keys: Arc<dyn ApiKeyRepository>) -> Arc<LookUps> {
    Arc::new(LookUps { keys, noted_uses: Arc::default() })
}

async fn next(look_ups: &mut mpsc::UnboundedReceiver<LookUp>) -> LookUp {
    with_timeout("a look-up starts", look_ups.recv()).await.unwrap()
}

/// An authenticator that has cached `some_key` and considers every entry due for a refresh.
async fn authenticator_with_due_entry() -> (CachingAuthenticator, mpsc::UnboundedReceiver<LookUp>) {
    let (keys, mut look_ups) = controlled_keys();
    let authenticator = CachingAuthenticator::new(keys, Arc::new(clock_at(at(1))), Duration::MAX);
    let authenticator = CachingAuthenticator { refresh_age: Duration::ZERO, ..authenticator };
    let answer = async { next(&mut look_ups).await.send(Ok(Some(issued()))).unwrap() };
    let key = some_key();
    let (known, ()) = tokio::join!(authenticator.authenticate(&key), answer);
    assert!(known.is_ok());
    (authenticator, look_ups)
}

#[test]
fn an_entry_is_refreshed_from_half_its_maximum_age() {
    let (keys, _look_ups) = controlled_keys();
    let max_age = CachingAuthenticator::MAX_AGE;
    let authenticator = CachingAuthenticator::new(keys, Arc::new(MockClock::new()), max_age);
    assert_eq!(authenticator.refresh_age, Duration::from_secs(2));
}

#[tokio::test]
async fn an_old_entry_is_served_while_one_refresh_runs() {
    let (authenticator, mut look_ups) = authenticator_with_due_entry().await;
    let authenticator = authenticator.with_metrics(&Registry::new()).unwrap();
    let mut refresh = None;
    for _ in 0..3 {
        let known = with_timeout("the old entry", authenticator.authenticate(&some_key())).await;
        assert!(known.is_ok());
        tokio::task::yield_now().await;
        refresh = refresh.or(look_ups.try_recv().ok());
    }
    assert!(refresh.is_some() && look_ups.is_empty());
    let metrics = authenticator.metrics.unwrap();
    assert_eq!((metrics.hits.get(), metrics.misses.get(), metrics.refreshes.get()), (3, 0, 1));
}

#[tokio::test]
async fn a_refresh_notices_a_revoked_key() {
    let (authenticator, mut look_ups) = authenticator_with_due_entry().await;
    assert!(authenticator.authenticate(&some_key()).await.is_ok());
    let revoked = IssuedKey { revoked_at: Some(at(1)), ..issued() };
    next(&mut look_ups).await.send(Ok(Some(revoked))).unwrap();
    with_timeout("the key is refused", async {
        while authenticator.authenticate(&some_key()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_failed_refresh_keeps_the_entry_and_is_retried() {
    let (authenticator, mut look_ups) = authenticator_with_due_entry().await;
    assert!(authenticator.authenticate(&some_key()).await.is_ok());
    let unreachable = StorageError::Unavailable(anyhow::anyhow!("unreachable"));
    next(&mut look_ups).await.send(Err(unreachable)).unwrap();
    with_timeout("another refresh", async {
        while look_ups.is_empty() {
            assert!(authenticator.authenticate(&some_key()).await.is_ok());
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_hanging_refresh_times_out() {
    let (keys, mut started) = controlled_keys();
    let (key, look_ups) = (some_key(), look_ups(keys));
    let first = async { next(&mut started).await.send(Ok(Some(issued()))).unwrap() };
    let (answer, ()) = tokio::join!(look_ups.look_up(&key), first);
    let refresher = Refresher::new(look_ups, Arc::new(Cache::new(1)));
    assert!(refresher.start(&key, &answer.unwrap(), Duration::from_millis(10)));
    let mut hanging = next(&mut started).await;
    with_timeout("the look-up is cancelled", hanging.closed()).await;
}

#[tokio::test]
async fn concurrent_refreshes_are_bounded() {
    let mut keys = MockApiKeyRepository::new();
    keys.expect_find().returning(|_| Ok(Some(issued())));
    let known = look_ups(Arc::new(keys));
    let (controlled, started_look_ups) = controlled_keys();
    let refresher = Refresher::new(look_ups(controlled), Arc::new(Cache::new(1)));
    for number in 0..=Refresher::MAX_TASKS {
        let answer = known.look_up(&some_key()).await.unwrap();
        let started = refresher.start(&some_key(), &answer, Duration::MAX);
        assert_eq!(started, number < Refresher::MAX_TASKS);
        tokio::task::yield_now().await;
    }
    assert_eq!(started_look_ups.len(), Refresher::MAX_TASKS);
}
