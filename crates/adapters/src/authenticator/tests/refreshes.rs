//! Look-ups in the background, in the hands of the test.

use super::*;
use gochat_test_support::deadline::soon;
use tokio::sync::{mpsc, oneshot};

/// A record that hands each look-up to the test, which answers it when it likes. A mock answers at once.
struct Record(mpsc::UnboundedSender<LookUp>);

type LookUp = oneshot::Sender<Result<Option<IssuedKey>, StorageError>>;

#[async_trait]
impl ApiKeyRepository for Record {
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

    async fn revoke(&self, _: KeyId, _: Timestamp) -> Result<bool, StorageError> {
        unreachable!("nothing is revoked here")
    }
}

fn record() -> (Arc<Record>, mpsc::UnboundedReceiver<LookUp>) {
    let (sender, look_ups) = mpsc::unbounded_channel();
    (Arc::new(Record(sender)), look_ups)
}

async fn next(look_ups: &mut mpsc::UnboundedReceiver<LookUp>) -> LookUp {
    soon("the record is asked", look_ups.recv()).await.unwrap()
}

/// An authenticator that knows `some_key` and finds every answer old enough to be refreshed.
async fn with_an_old_answer() -> (CachingAuthenticator, mpsc::UnboundedReceiver<LookUp>) {
    let (record, mut look_ups) = record();
    let authenticator = CachingAuthenticator::new(record, Arc::new(clock_at(at(1))), Duration::MAX);
    let authenticator = CachingAuthenticator { refresh_age: Duration::ZERO, ..authenticator };
    let answer = async { next(&mut look_ups).await.send(Ok(Some(issued()))).unwrap() };
    let key = some_key();
    let (known, ()) = tokio::join!(authenticator.authenticate(&key), answer);
    assert!(known.is_ok());
    (authenticator, look_ups)
}

#[test]
fn an_answer_is_refreshed_from_half_of_its_age_on() {
    let (record, _look_ups) = record();
    let max_age = CachingAuthenticator::MAX_AGE;
    let authenticator = CachingAuthenticator::new(record, Arc::new(MockClock::new()), max_age);
    assert_eq!(authenticator.refresh_age, Duration::from_secs(2));
}

#[tokio::test]
async fn an_old_answer_is_served_while_one_refresh_asks_the_record() {
    let (authenticator, mut look_ups) = with_an_old_answer().await;
    let authenticator = authenticator.measured(&Registry::new()).unwrap();
    let mut refresh = None;
    for _ in 0..3 {
        let known = soon("the old answer", authenticator.authenticate(&some_key())).await;
        assert!(known.is_ok());
        tokio::task::yield_now().await;
        refresh = refresh.or(look_ups.try_recv().ok());
    }
    assert!(refresh.is_some() && look_ups.is_empty());
    let metrics = authenticator.metrics.unwrap();
    assert_eq!((metrics.hits.get(), metrics.misses.get(), metrics.refreshes.get()), (3, 0, 1));
}

#[tokio::test]
async fn a_refresh_finds_that_the_key_was_revoked() {
    let (authenticator, mut look_ups) = with_an_old_answer().await;
    assert!(authenticator.authenticate(&some_key()).await.is_ok());
    let revoked = IssuedKey { revoked_at: Some(at(1)), ..issued() };
    next(&mut look_ups).await.send(Ok(Some(revoked))).unwrap();
    soon("the key is refused", async {
        while authenticator.authenticate(&some_key()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_refresh_that_fails_leaves_the_answer_and_is_tried_again() {
    let (authenticator, mut look_ups) = with_an_old_answer().await;
    assert!(authenticator.authenticate(&some_key()).await.is_ok());
    let away = StorageError::Unavailable(anyhow::anyhow!("away"));
    next(&mut look_ups).await.send(Err(away)).unwrap();
    soon("another refresh", async {
        while look_ups.is_empty() {
            assert!(authenticator.authenticate(&some_key()).await.is_ok());
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_refresh_that_hangs_is_given_up() {
    let (record, mut look_ups) = record();
    let key = some_key();
    let first = async { next(&mut look_ups).await.send(Ok(Some(issued()))).unwrap() };
    let (answer, ()) = tokio::join!(Answer::ask(&*record, &key), first);
    let refresher = Refresher::new(record, Arc::new(Cache::new(1)));
    assert!(refresher.start(&key, &answer.unwrap(), Duration::from_millis(10)));
    let mut hanging = next(&mut look_ups).await;
    soon("the look-up is given up", hanging.closed()).await;
}

#[tokio::test]
async fn refreshes_at_once_are_bounded() {
    let mut keys = MockApiKeyRepository::new();
    keys.expect_find().returning(|_| Ok(Some(issued())));
    let (record, look_ups) = record();
    let refresher = Refresher::new(record, Arc::new(Cache::new(1)));
    for number in 0..=Refresher::MAX_TASKS {
        let answer = Answer::ask(&keys, &some_key()).await.unwrap();
        let started = refresher.start(&some_key(), &answer, Duration::MAX);
        assert_eq!(started, number < Refresher::MAX_TASKS);
        tokio::task::yield_now().await;
    }
    assert_eq!(look_ups.len(), Refresher::MAX_TASKS);
}
