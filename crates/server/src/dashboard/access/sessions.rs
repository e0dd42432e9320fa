//! The sessions that this process has verified.

use gochat_domain::{
    auth::DashboardSecret,
    clock::{Clock, Timestamp},
    ports::StorageError,
    service::DashboardService,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Time for which a session is not looked up again. A revoked session works for at most so long.
const MAX_AGE: Duration = Duration::from_secs(5);

/// Maximum number of remembered sessions. Any further ones are looked up each time.
const CAPACITY: usize = 64;

/// Verifies sessions, and remembers the valid ones.
pub(super) struct Sessions {
    secrets: DashboardService,
    clock: Arc<dyn Clock>,
    verified: Mutex<HashMap<Box<str>, Verified>>,
}

/// A session that the database had.
#[derive(Clone, Copy)]
struct Verified {
    expires_at: Timestamp,
    checked_at: Instant,
}

impl Sessions {
    pub(super) fn new(secrets: DashboardService, clock: Arc<dyn Clock>) -> Self {
        Self { secrets, clock, verified: Mutex::default() }
    }

    /// Returns true if the session is valid.
    ///
    /// While the database cannot be reached, a session that was valid before stays valid until its expiry, so that the
    /// dashboard shows what happens. This is safe, because no revocation can be stored meanwhile.
    pub(super) async fn is_valid(&self, secret: &DashboardSecret) -> Result<bool, StorageError> {
        let known = self.verified().get(secret.expose()).copied();
        let known = known.filter(|known| self.clock.now() < known.expires_at);
        if known.is_some_and(|known| known.checked_at.elapsed() < MAX_AGE) {
            return Ok(true);
        }
        let expires_at = match (self.secrets.session(secret).await, known) {
            (Ok(expires_at), _) => expires_at,
            (Err(error), Some(known)) if error.is_transient() => Some(known.expires_at),
            (Err(error), _) => return Err(error),
        };
        self.remember(secret, expires_at);
        Ok(expires_at.is_some())
    }

    /// Remembers that a session is valid until `expires_at`, or that it is not valid.
    fn remember(&self, secret: &DashboardSecret, expires_at: Option<Timestamp>) {
        let mut verified = self.verified();
        let Some(expires_at) = expires_at else {
            verified.remove(secret.expose());
            return;
        };
        if verified.len() >= CAPACITY {
            let now = self.clock.now();
            verified.retain(|_, known| now < known.expires_at);
        }
        if verified.len() < CAPACITY || verified.contains_key(secret.expose()) {
            verified.insert(secret.expose().into(), Verified { expires_at, checked_at: Instant::now() });
        }
    }

    fn verified(&self) -> MutexGuard<'_, HashMap<Box<str>, Verified>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;
    use gochat_domain::{clock::MockClock, ports::MockDashboardSecretRepository, testing::at};
    use std::sync::atomic::{AtomicI64, Ordering};

    fn secret(character: &str) -> DashboardSecret {
        DashboardSecret::parse(&character.repeat(43)).unwrap()
    }

    /// Sessions in `secrets`, at the time that the returned value holds.
    fn sessions(secrets: MockDashboardSecretRepository) -> (Sessions, Arc<AtomicI64>) {
        let seconds = Arc::new(AtomicI64::new(0));
        let mut clock = MockClock::new();
        let now = Arc::clone(&seconds);
        clock.expect_now().returning(move || at(now.load(Ordering::SeqCst)));
        let clock: Arc<dyn Clock> = Arc::new(clock);
        (Sessions::new(DashboardService::new(Arc::new(secrets), Arc::clone(&clock)), clock), seconds)
    }

    /// Makes every remembered session old enough to be looked up again.
    fn age(sessions: &Sessions) {
        for known in sessions.verified().values_mut() {
            known.checked_at = known.checked_at.checked_sub(MAX_AGE).unwrap();
        }
    }

    #[actix_web::test]
    async fn a_valid_session_is_looked_up_once_in_five_seconds() {
        let mut secrets = MockDashboardSecretRepository::new();
        secrets.expect_find_session().times(2).returning(|_| Ok(Some(at(60))));
        let (sessions, _) = sessions(secrets);
        for _ in 0..3 {
            assert!(sessions.is_valid(&secret("s")).await.unwrap());
        }
        age(&sessions);
        assert!(sessions.is_valid(&secret("s")).await.unwrap());
        assert!(sessions.is_valid(&secret("s")).await.unwrap());
    }

    #[actix_web::test]
    async fn a_revoked_session_is_refused_when_it_is_looked_up_again() {
        let mut secrets = MockDashboardSecretRepository::new();
        secrets.expect_find_session().once().returning(|_| Ok(Some(at(60))));
        secrets.expect_find_session().returning(|_| Ok(None));
        let (sessions, _) = sessions(secrets);
        assert!(sessions.is_valid(&secret("s")).await.unwrap());
        age(&sessions);
        assert!(!sessions.is_valid(&secret("s")).await.unwrap());
        assert!(sessions.verified().is_empty());
    }

    #[actix_web::test]
    async fn without_the_database_a_verified_session_is_valid_until_its_expiry() {
        let mut secrets = MockDashboardSecretRepository::new();
        secrets.expect_find_session().once().returning(|_| Ok(Some(at(60))));
        secrets.expect_find_session().returning(|_| Err(StorageError::Unavailable(anyhow!("unreachable"))));
        let (sessions, now) = sessions(secrets);
        assert!(sessions.is_valid(&secret("s")).await.unwrap());
        age(&sessions);
        assert!(sessions.is_valid(&secret("s")).await.unwrap());
        assert!(sessions.is_valid(&secret("o")).await.is_err());
        now.store(60, Ordering::SeqCst);
        assert!(sessions.is_valid(&secret("s")).await.is_err());
    }

    #[actix_web::test]
    async fn a_bounded_number_of_sessions_is_remembered() {
        let mut secrets = MockDashboardSecretRepository::new();
        secrets.expect_find_session().returning(|_| Ok(Some(at(60))));
        let (sessions, now) = sessions(secrets);
        let numbered = |number: usize| DashboardSecret::parse(&format!("{number:043}")).unwrap();
        for number in 0..2 * CAPACITY {
            assert!(sessions.is_valid(&numbered(number)).await.unwrap());
        }
        assert_eq!(sessions.verified().len(), CAPACITY);
        now.store(59, Ordering::SeqCst);
        assert!(sessions.is_valid(&numbered(0)).await.unwrap());
    }
}
