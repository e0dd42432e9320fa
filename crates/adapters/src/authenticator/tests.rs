//! Tests of cache hits, misses and expiry.

mod refreshes;

use super::*;
use gochat_domain::{
    auth::{IssuedKey, KeyId},
    clock::{MockClock, Timestamp},
    ports::MockApiKeyRepository,
    testing::{at, issued_key},
};

fn issued() -> IssuedKey {
    IssuedKey { expires_at: Some(at(100)), ..issued_key(1) }
}

fn authenticator(keys: MockApiKeyRepository, clock: MockClock, max_age: Duration) -> CachingAuthenticator {
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
async fn a_key_is_looked_up_once_while_the_entry_is_fresh() {
    let mut keys = MockApiKeyRepository::new();
    keys.expect_find().once().returning(|_| Ok(Some(issued())));
    let authenticator = authenticator(keys, clock_at(at(1)), Duration::MAX);
    for _ in 0..3 {
        assert_eq!(authenticator.authenticate(&some_key()).await.unwrap().key_id(), issued().id);
    }
}

#[tokio::test]
async fn an_unknown_key_is_cached_too() {
    let mut keys = MockApiKeyRepository::new();
    keys.expect_find().once().returning(|_| Ok(None));
    let authenticator = authenticator(keys, clock_at(at(1)), Duration::MAX);
    for _ in 0..3 {
        let refused = authenticator.authenticate(&some_key()).await;
        assert!(matches!(refused, Err(AuthenticateError::Unauthorized)));
    }
}

#[tokio::test]
async fn an_unknown_key_is_not_refreshed() {
    let mut keys = MockApiKeyRepository::new();
    keys.expect_find().once().returning(|_| Ok(None));
    let authenticator = authenticator(keys, clock_at(at(1)), Duration::MAX);
    let authenticator = CachingAuthenticator { refresh_age: Duration::ZERO, ..authenticator };
    for _ in 0..3 {
        assert!(authenticator.authenticate(&some_key()).await.is_err());
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_stale_entry_is_looked_up_again() {
    let mut keys = MockApiKeyRepository::new();
    keys.expect_find().once().returning(|_| Ok(Some(issued())));
    let revoked = IssuedKey { revoked_at: Some(at(1)), ..issued() };
    keys.expect_find().once().returning(move |_| Ok(Some(revoked.clone())));
    let authenticator = authenticator(keys, clock_at(at(1)), Duration::ZERO);
    assert!(authenticator.authenticate(&some_key()).await.is_ok());
    assert!(matches!(authenticator.authenticate(&some_key()).await, Err(AuthenticateError::Unauthorized)));
}

#[tokio::test]
async fn a_cached_key_expires_on_time() {
    let mut keys = MockApiKeyRepository::new();
    keys.expect_find().once().returning(|_| Ok(Some(issued())));
    let mut clock = MockClock::new();
    clock.expect_now().once().return_const(at(99));
    clock.expect_now().once().return_const(at(100));
    let authenticator = authenticator(keys, clock, Duration::MAX);
    assert!(authenticator.authenticate(&some_key()).await.is_ok());
    assert!(matches!(authenticator.authenticate(&some_key()).await, Err(AuthenticateError::Unauthorized)));
}

#[tokio::test]
async fn a_failed_look_up_is_not_cached() {
    let mut keys = MockApiKeyRepository::new();
    keys.expect_find().once().returning(|_| Err(StorageError::Unavailable(anyhow::anyhow!("unreachable"))));
    keys.expect_find().once().returning(|_| Ok(Some(issued())));
    let authenticator = authenticator(keys, clock_at(at(1)), Duration::MAX);
    let refused = authenticator.authenticate(&some_key()).await;
    assert!(matches!(refused, Err(AuthenticateError::Storage(StorageError::Unavailable(_)))));
    assert!(authenticator.authenticate(&some_key()).await.is_ok());
}
