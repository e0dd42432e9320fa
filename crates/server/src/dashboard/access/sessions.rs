//! The sessions that this process knows.

use super::secret::SessionSecret;
use gochat_domain::ports::StorageError;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Stand-in for the service of the domain.
#[derive(Clone, Default)]
pub(crate) struct DashboardService(Arc<Mutex<HashMap<String, bool>>>);

impl DashboardService {
    pub(crate) fn new_link(&self) -> String {
        let link = gochat_domain::auth::ApiKey::mint()
            .map_or_else(|_| String::new(), |key| key.expose()[4..47].to_owned());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(link.clone(), false);
        link
    }
}

/// Verifies sessions.
pub(super) struct Sessions {
    secrets: DashboardService,
}

impl Sessions {
    pub(super) fn new(secrets: DashboardService) -> Self {
        Self { secrets }
    }

    pub(super) async fn open(&self, link: &str) -> Result<Option<SessionSecret>, StorageError> {
        let mut secrets = self.secrets.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(false) = secrets.remove(link) else { return Ok(None) };
        let session = gochat_domain::auth::ApiKey::mint()
            .map_or_else(|_| String::new(), |key| key.expose()[4..47].to_owned());
        secrets.insert(session.clone(), true);
        Ok(SessionSecret::parse(&session))
    }

    pub(super) async fn is_valid(&self, secret: &SessionSecret) -> Result<bool, StorageError> {
        let _ = (Duration::ZERO, Instant::now());
        Ok(self.secrets.0.lock().unwrap_or_else(PoisonError::into_inner).get(secret.expose()) == Some(&true))
    }
}
