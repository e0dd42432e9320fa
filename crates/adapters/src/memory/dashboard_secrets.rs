//! The dashboard's secrets in memory.

use super::lock;
use crate::dashboard_secrets::digest;
use async_trait::async_trait;
use gochat_domain::{
    auth::{DashboardLink, DashboardSecret, DashboardSession},
    clock::Timestamp,
    ports::{DashboardSecretRepository, StorageError},
};
use std::{collections::HashMap, sync::Mutex};

/// The dashboard's secrets in memory: the expiry of each link and each session, by digest.
#[derive(Default)]
pub struct MemoryDashboardSecrets(Mutex<Secrets>);

#[derive(Default)]
struct Secrets {
    links: HashMap<[u8; 32], Timestamp>,
    sessions: HashMap<[u8; 32], Timestamp>,
}

impl Secrets {
    fn delete_expired(&mut self, now: Timestamp) {
        self.links.retain(|_, expires_at| now < *expires_at);
        self.sessions.retain(|_, expires_at| now < *expires_at);
    }
}

#[async_trait]
impl DashboardSecretRepository for MemoryDashboardSecrets {
    async fn insert_link(&self, link: &DashboardLink, now: Timestamp) -> Result<(), StorageError> {
        let mut secrets = lock(&self.0);
        secrets.delete_expired(now);
        secrets.links.insert(digest(&link.secret), link.expires_at);
        Ok(())
    }

    async fn open_link(
        &self,
        link: &DashboardSecret,
        session: &DashboardSession,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let mut secrets = lock(&self.0);
        secrets.delete_expired(now);
        let is_known = secrets.links.remove(&digest(link)).is_some();
        if is_known {
            secrets.sessions.insert(digest(&session.secret), session.expires_at);
        }
        Ok(is_known)
    }

    async fn find_session(&self, session: &DashboardSecret) -> Result<Option<Timestamp>, StorageError> {
        Ok(lock(&self.0).sessions.get(&digest(session)).copied())
    }

    async fn revoke_all(&self) -> Result<(), StorageError> {
        *lock(&self.0) = Secrets::default();
        Ok(())
    }
}
