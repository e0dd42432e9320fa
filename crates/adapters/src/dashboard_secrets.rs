//! Stores the secrets of the dashboard in either database.

use crate::{
    commit::{SESSION, SecretWrite, StoredSecret, Submitter},
    connection::AnyConnection,
    pool::Pool,
    schema::dashboard_secrets,
    sql_types::TimestampValue,
};
use async_trait::async_trait;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use gochat_domain::{
    auth::{DashboardLink, DashboardSecret, DashboardSession},
    clock::Timestamp,
    ports::{DashboardSecretRepository, StorageError},
};
use sha2::{Digest, Sha256};

/// The dashboard's secrets in a database: read on pooled connections, written through the commit queue.
pub(crate) struct DieselDashboardSecrets {
    pub(crate) pool: Pool,
    pub(crate) queue: Submitter,
}

/// The SHA-256 digest (FIPS 180-4) under which a secret is stored. A fast hash is enough for 256 random bits.
pub(crate) fn digest(secret: &DashboardSecret) -> [u8; 32] {
    Sha256::digest(secret.expose()).into()
}

#[async_trait]
impl DashboardSecretRepository for DieselDashboardSecrets {
    async fn insert_link(&self, link: &DashboardLink, now: Timestamp) -> Result<(), StorageError> {
        let link = StoredSecret { digest: digest(&link.secret), expires_at: link.expires_at };
        self.queue.submit(SecretWrite::InsertLink { link, now }).await.map(drop)
    }

    async fn open_link(
        &self,
        link: &DashboardSecret,
        session: &DashboardSession,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let session = StoredSecret { digest: digest(&session.secret), expires_at: session.expires_at };
        self.queue.submit(SecretWrite::OpenLink { link: digest(link), session, now }).await
    }

    async fn find_session(&self, session: &DashboardSecret) -> Result<Option<Timestamp>, StorageError> {
        let digest = digest(session);
        let find = move |connection: &mut AnyConnection| {
            let expiry = dashboard_secrets::table
                .filter(dashboard_secrets::digest.eq(digest.as_slice()))
                .filter(dashboard_secrets::kind.eq(SESSION))
                .select(dashboard_secrets::expires_at)
                .get_result(connection)
                .optional()?;
            Ok(expiry.map(|TimestampValue(expiry)| expiry))
        };
        Ok(self.pool.run(find).await?)
    }

    async fn revoke_all(&self) -> Result<(), StorageError> {
        self.queue.submit(SecretWrite::RevokeAll).await.map(drop)
    }
}
