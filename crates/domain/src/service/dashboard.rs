//! The use cases of the dashboard's links and sessions.

use crate::{
    auth::{DashboardLink, DashboardSecret, DashboardSession},
    clock::{Clock, Timestamp},
    ports::{DashboardSecretRepository, StorageError},
};
use std::{sync::Arc, time::Duration};

/// Makes links, opens sessions with them, and checks and revokes sessions.
///
/// These use cases take no permit: a link can be made only where the database can be written, and a session needs a
/// link.
#[derive(Clone)]
pub struct DashboardService {
    secrets: Arc<dyn DashboardSecretRepository>,
    clock: Arc<dyn Clock>,
}

impl DashboardService {
    /// A service that stores in `secrets` and takes the time from `clock`.
    pub fn new(secrets: Arc<dyn DashboardSecretRepository>, clock: Arc<dyn Clock>) -> Self {
        Self { secrets, clock }
    }

    /// Makes a link that opens one session, within [`DashboardLink::LIFETIME`].
    pub async fn new_link(&self) -> Result<DashboardLink, NewSecretError> {
        let now = self.clock.now();
        let (secret, expires_at) = mint(now, DashboardLink::LIFETIME)?;
        let link = DashboardLink { secret, expires_at };
        self.secrets.insert_link(&link, now).await?;
        Ok(link)
    }

    /// Uses a link up, and returns its session, which lasts for [`DashboardSession::LIFETIME`]. Returns `None` if the link
    /// is unknown, used, expired or revoked.
    pub async fn open(&self, link: &DashboardSecret) -> Result<Option<DashboardSession>, NewSecretError> {
        let now = self.clock.now();
        let (secret, expires_at) = mint(now, DashboardSession::LIFETIME)?;
        let session = DashboardSession { secret, expires_at };
        let is_open = self.secrets.open_link(link, &session, now).await?;
        Ok(is_open.then_some(session))
    }

    /// Returns the expiry of the session with this secret; `None` if there is none, or it is expired or revoked.
    pub async fn session(&self, secret: &DashboardSecret) -> Result<Option<Timestamp>, StorageError> {
        let now = self.clock.now();
        Ok(self.secrets.find_session(secret).await?.filter(|expires_at| now < *expires_at))
    }

    /// Revokes all links and all sessions.
    pub async fn revoke_all(&self) -> Result<(), StorageError> {
        self.secrets.revoke_all().await
    }
}

/// The reason why no link or no session was made.
#[derive(Debug, thiserror::Error)]
pub enum NewSecretError {
    /// The operating system could not provide randomness.
    #[error("the operating system has no randomness for a new secret")]
    NoRandomness(#[source] anyhow::Error),
    /// The expiry is beyond the range of timestamps.
    #[error("the clock is too far in the future")]
    ClockTooFar,
    /// The secret could not be stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A new secret, and its expiry.
fn mint(now: Timestamp, lifetime: Duration) -> Result<(DashboardSecret, Timestamp), NewSecretError> {
    let expires_at = now.checked_add(lifetime).ok_or(NewSecretError::ClockTooFar)?;
    Ok((DashboardSecret::mint().map_err(NewSecretError::NoRandomness)?, expires_at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::MockClock, ports::MockDashboardSecretRepository, testing::at};

    fn service(secrets: MockDashboardSecretRepository) -> DashboardService {
        let mut clock = MockClock::new();
        clock.expect_now().return_const(at(1000));
        DashboardService::new(Arc::new(secrets), Arc::new(clock))
    }

    fn secret(character: &str) -> DashboardSecret {
        DashboardSecret::parse(&character.repeat(43)).unwrap()
    }

    #[tokio::test]
    async fn a_link_lives_for_ten_minutes() {
        let mut secrets = MockDashboardSecretRepository::new();
        secrets
            .expect_insert_link()
            .once()
            .withf(|link, now| (link.expires_at, *now) == (at(1600), at(1000)))
            .returning(|_, _| Ok(()));
        assert_eq!(service(secrets).new_link().await.unwrap().expires_at, at(1600));
    }

    #[tokio::test]
    async fn a_link_that_cannot_be_stored_is_not_shown() {
        let mut secrets = MockDashboardSecretRepository::new();
        secrets
            .expect_insert_link()
            .returning(|_, _| Err(StorageError::Unavailable(anyhow::anyhow!("unreachable"))));
        let refused = service(secrets).new_link().await;
        assert!(matches!(refused, Err(NewSecretError::Storage(StorageError::Unavailable(_)))));
    }

    #[tokio::test]
    async fn a_link_opens_a_session_of_twelve_hours_with_a_secret_of_its_own() {
        let mut secrets = MockDashboardSecretRepository::new();
        let expiry = at(1000 + 12 * 60 * 60);
        secrets
            .expect_open_link()
            .once()
            .withf(move |link, session, now| {
                (link, session.expires_at, *now) == (&secret("l"), expiry, at(1000))
            })
            .returning(|_, _, _| Ok(true));
        let session = service(secrets).open(&secret("l")).await.unwrap().unwrap();
        assert_eq!(session.expires_at, expiry);
        assert_ne!(session.secret, secret("l"));
    }

    #[tokio::test]
    async fn an_unknown_link_opens_nothing() {
        let mut secrets = MockDashboardSecretRepository::new();
        secrets.expect_open_link().once().returning(|_, _, _| Ok(false));
        assert_eq!(service(secrets).open(&secret("l")).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_session_is_invalid_exactly_from_its_expiry() {
        for (expires_at, valid) in [(at(1001), Some(at(1001))), (at(1000), None), (at(999), None)] {
            let mut secrets = MockDashboardSecretRepository::new();
            secrets.expect_find_session().once().return_once(move |_| Ok(Some(expires_at)));
            assert_eq!(service(secrets).session(&secret("s")).await.unwrap(), valid);
        }
        let mut secrets = MockDashboardSecretRepository::new();
        secrets.expect_find_session().once().returning(|_| Ok(None));
        assert_eq!(service(secrets).session(&secret("s")).await.unwrap(), None);
    }
}
