//! Tests of noted uses and their recording.

use super::*;
use crate::CachingAuthenticator;
use gochat_domain::{
    auth::{ApiKey, IssuedKey, KeyId, KeyUse},
    clock::{Clock, Timestamp},
    ports::{Authenticator, MockApiKeyRepository},
    testing::{at, issued_key},
};
use std::sync::{
    Mutex,
    atomic::{AtomicI64, Ordering},
};

fn key(number: u128) -> IssuedKey {
    IssuedKey { expires_at: Some(at(6000)), ..issued_key(number) }
}

fn unavailable() -> StorageError {
    StorageError::Unavailable(anyhow::anyhow!("unreachable"))
}

/// The uses that a mock has recorded.
type Recorded = Arc<Mutex<Vec<Vec<KeyUse>>>>;

/// Keys that answer each recording by the next of `answers`.
fn recording(answers: Vec<Result<Vec<KeyId>, StorageError>>) -> (MockApiKeyRepository, Recorded) {
    let (mut keys, written) = (MockApiKeyRepository::new(), Recorded::default());
    let (record, answers) = (Arc::clone(&written), Mutex::new(answers.into_iter()));
    keys.expect_record_uses().returning(move |uses| {
        record.lock().unwrap().push(uses.to_vec());
        answers.lock().unwrap().next().unwrap()
    });
    (keys, written)
}

fn recorder(keys: MockApiKeyRepository) -> (KeyUseRecorder, Arc<NotedUses>) {
    let noted = Arc::new(NotedUses::default());
    (KeyUseRecorder::new(Arc::new(keys), Arc::clone(&noted)), noted)
}

/// A clock that the test sets, in seconds.
#[derive(Clone, Default)]
struct SetClock(Arc<AtomicI64>);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        at(self.0.load(Ordering::SeqCst))
    }
}

#[tokio::test]
async fn a_use_is_recorded_to_the_minute_and_once_a_minute() {
    let (mut keys, written) = recording(vec![Ok(vec![]), Ok(vec![])]);
    keys.expect_find().returning(|_| Ok(Some(key(1))));
    let clock = SetClock::default();
    let authenticator = CachingAuthenticator::new(Arc::new(keys), Arc::new(clock.clone()), Duration::MAX);
    let recorder = authenticator.use_recorder();
    for (second, unstored, recorded_at) in [
        (119, 1, &[60][..]),
        (119, 0, &[60]),
        // The clock was set back.
        (20, 0, &[60]),
        (120, 1, &[60, 120]),
        // Refused, as the key has expired.
        (6000, 0, &[60, 120]),
    ] {
        clock.0.store(second, Ordering::SeqCst);
        let admitted = authenticator.authenticate(&ApiKey::parse("gck_some").unwrap()).await;
        assert_eq!(admitted.is_ok(), second < 6000);
        assert_eq!(recorder.unstored(), unstored, "{second}");
        recorder.record().await.unwrap();
        let expected: Vec<_> =
            recorded_at.iter().map(|second| vec![KeyUse { id: key(1).id, at: at(*second) }]).collect();
        assert_eq!(*written.lock().unwrap(), expected, "{second}");
    }
}

#[tokio::test]
async fn a_failed_write_is_repeated_with_the_latest_use() {
    let (keys, written) = recording(vec![Err(unavailable()), Err(unavailable()), Ok(vec![])]);
    let (recorder, noted) = recorder(keys);
    let last_use = noted.of(&key(1));
    last_use.note(at(60));
    recorder.record().await.unwrap_err();
    last_use.note(at(180));
    // The use is kept after the key was evicted from the cache.
    drop(last_use);
    recorder.record().await.unwrap_err();
    assert_eq!(recorder.unstored(), 1);
    recorder.record().await.unwrap();
    assert_eq!(recorder.unstored(), 0);
    let expected = [60, 180, 180].map(|second| vec![KeyUse { id: key(1).id, at: at(second) }]);
    assert_eq!(*written.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_locked_key_is_recorded_again() {
    let (keys, written) = recording(vec![Ok(vec![key(2).id]), Ok(vec![])]);
    let (recorder, noted) = recorder(keys);
    for number in [1, 2, 3] {
        noted.of(&key(number)).note(at(60));
    }
    recorder.record().await.unwrap();
    assert_eq!(recorder.unstored(), 1);
    recorder.record().await.unwrap();
    assert_eq!(recorder.unstored(), 0);
    assert_eq!(written.lock().unwrap()[1], [KeyUse { id: key(2).id, at: at(60) }]);
}

#[tokio::test]
async fn a_use_that_another_instance_has_stored_is_not_recorded() {
    let (recorder, noted) = recorder(MockApiKeyRepository::new());
    let first = noted.of(&key(1));
    first.note(at(60));
    let again = noted.of(&IssuedKey { last_used_at: Some(at(60)), ..key(1) });
    noted.of(&IssuedKey { last_used_at: Some(at(120)), ..key(2) }).note(at(60));
    recorder.record().await.unwrap();
    assert!(Arc::ptr_eq(&first, &again));
}

#[tokio::test]
async fn many_keys_are_recorded_in_writes_of_bounded_size() {
    let (keys, written) = recording((0..3).map(|_| Ok(vec![])).collect());
    let (recorder, noted) = recorder(keys);
    for number in 0..=2 * MAX_USES as u128 {
        noted.of(&key(number)).note(at(60));
    }
    recorder.record().await.unwrap();
    let sizes: Vec<_> = written.lock().unwrap().iter().map(Vec::len).collect();
    assert_eq!(sizes, [MAX_USES, MAX_USES, 1]);
    assert_eq!(recorder.unstored(), 0);
}

#[tokio::test]
async fn memory_is_bounded_and_idle_keys_make_room() {
    let (recorder, noted) = recorder(MockApiKeyRepository::new());
    let cached = noted.of(&key(0));
    for number in 1..30_000 {
        noted.of(&key(number));
    }
    assert!(!Arc::ptr_eq(&noted.of(&key(29_999)), &noted.of(&key(29_999))));
    recorder.record().await.unwrap();
    let kept = noted.of(&key(29_999));
    assert!(Arc::ptr_eq(&kept, &noted.of(&key(29_999))));
    assert!(Arc::ptr_eq(&cached, &noted.of(&key(0))));
}
