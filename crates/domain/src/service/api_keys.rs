//! The use cases of API keys.

use crate::{
    auth::{ApiKey, IssuedKey, KeyId, KeyName, Scopes},
    clock::Clock,
    page::{Page, PageSize},
    ports::{ApiKeyRepository, StorageError},
};
use std::{sync::Arc, time::Duration};

/// A request for a new key.
#[derive(Debug, Clone)]
pub struct IssueKey {
    /// The display name.
    pub name: KeyName,
    /// The scopes to grant.
    pub scopes: Scopes,
    /// The lifetime; `None` for a key that never expires.
    pub expires_in: Option<Duration>,
}

/// The reason why no key was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueKeyError {
    /// The request has no scope.
    #[error("a key needs at least one scope")]
    NoScope,
    /// The expiry is beyond the range of timestamps.
    #[error("the expiry is too far in the future")]
    ExpiryTooFar,
    /// The operating system could not provide randomness.
    #[error("the operating system has no randomness for a new key")]
    NoRandomness(#[source] anyhow::Error),
    /// The key could not be stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Issues, lists and revokes keys.
pub struct ApiKeyService {
    keys: Arc<dyn ApiKeyRepository>,
    clock: Arc<dyn Clock>,
}

impl ApiKeyService {
    /// A service that stores in `keys` and takes the time from `clock`.
    pub fn new(keys: Arc<dyn ApiKeyRepository>, clock: Arc<dyn Clock>) -> Self {
        Self { keys, clock }
    }

    /// Mints a key, stores its digest, and returns it. The key cannot be retrieved again.
    pub async fn issue(&self, request: IssueKey) -> Result<(ApiKey, IssuedKey), IssueKeyError> {
        let IssueKey { name, scopes, expires_in } = request;
        if scopes == Scopes::default() {
            return Err(IssueKeyError::NoScope);
        }
        let created_at = self.clock.now();
        let expires_at = expires_in
            .map(|lifetime| created_at.checked_add(lifetime).ok_or(IssueKeyError::ExpiryTooFar))
            .transpose()?;
        let key = ApiKey::mint().map_err(IssueKeyError::NoRandomness)?;
        let id = KeyId(created_at.mint_uuid());
        let issued =
            IssuedKey { id, name, scopes, created_at, expires_at, revoked_at: None, last_used_at: None };
        self.keys.insert(&key, &issued).await?;
        Ok((key, issued))
    }

    /// Returns all keys, oldest first.
    pub async fn list(&self) -> Result<Vec<IssuedKey>, StorageError> {
        self.keys.list().await
    }

    /// Returns a page of keys in descending order of their ids, which begin with the time of issue: the newest first.
    /// Starts after the key `after`, or with the newest.
    pub async fn list_newest(
        &self,
        after: Option<KeyId>,
        size: PageSize,
    ) -> Result<Page<IssuedKey, KeyId>, StorageError> {
        let limit = Page::<IssuedKey, KeyId>::read_limit(size);
        let keys = self.keys.list_before(after.unwrap_or(KeyId::OPERATOR), limit).await?;
        Ok(Page::new(keys, size, |key| key.id))
    }

    /// Revokes a key as of now, and returns whether it exists.
    pub async fn revoke(&self, id: KeyId) -> Result<bool, StorageError> {
        self.keys.revoke(id, self.clock.now()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        auth::Scope,
        clock::MockClock,
        ports::MockApiKeyRepository,
        testing::{at, issued_key},
    };

    fn service(keys: MockApiKeyRepository) -> ApiKeyService {
        let mut clock = MockClock::new();
        clock.expect_now().return_const(at(100));
        ApiKeyService::new(Arc::new(keys), Arc::new(clock))
    }

    fn request(expires_in: Option<Duration>) -> IssueKey {
        let scopes = [Scope::GroupsWrite].into_iter().collect();
        IssueKey { name: KeyName::parse("mobile app").unwrap(), scopes, expires_in }
    }

    #[tokio::test]
    async fn an_issued_key_is_stored_before_it_is_shown() {
        let mut keys = MockApiKeyRepository::new();
        keys.expect_insert()
            .once()
            .withf(|key, issued| {
                key.expose().starts_with("gck_")
                    && issued.name.as_str() == "mobile app"
                    && issued.scopes.to_string() == "groups:write"
                    && issued.created_at == at(100)
                    && issued.expires_at == Some(at(160))
                    && issued.revoked_at.is_none()
            })
            .returning(|_, _| Ok(()));
        let (key, issued) = service(keys).issue(request(Some(Duration::from_secs(60)))).await.unwrap();
        assert!(key.expose().starts_with("gck_"));
        assert_eq!(issued.id.0.get_version_num(), 7);
    }

    #[tokio::test]
    async fn a_key_that_cannot_be_stored_is_not_shown() {
        let mut keys = MockApiKeyRepository::new();
        keys.expect_insert().returning(|_, _| Err(StorageError::Unavailable(anyhow::anyhow!("unreachable"))));
        let refused = service(keys).issue(request(None)).await;
        assert!(matches!(refused, Err(IssueKeyError::Storage(StorageError::Unavailable(_)))));
    }

    #[tokio::test]
    async fn a_key_without_scopes_or_with_an_overflowing_expiry_is_not_issued() {
        let service = service(MockApiKeyRepository::new());
        let no_scope = IssueKey { scopes: Scopes::default(), ..request(None) };
        assert!(matches!(service.issue(no_scope).await, Err(IssueKeyError::NoScope)));
        let too_far = request(Some(Duration::MAX));
        assert!(matches!(service.issue(too_far).await, Err(IssueKeyError::ExpiryTooFar)));
    }

    #[tokio::test]
    async fn a_page_of_keys_begins_after_the_last_key_of_the_page_before() {
        let mut keys = MockApiKeyRepository::new();
        keys.expect_list_before()
            .withf(|before, limit| (*before, *limit) == (KeyId::OPERATOR, 3))
            .returning(|_, _| Ok([9, 8, 7].map(issued_key).to_vec()));
        keys.expect_list_before()
            .withf(|before, limit| (before.0.as_u128(), *limit) == (8, 3))
            .returning(|_, _| Ok([7].map(issued_key).to_vec()));
        let service = service(keys);
        let size = PageSize::new(2).unwrap();
        let first = service.list_newest(None, size).await.unwrap();
        assert_eq!(
            first,
            Page { items: [9, 8].map(issued_key).to_vec(), next_after: Some(issued_key(8).id) }
        );
        let last = service.list_newest(first.next_after, size).await.unwrap();
        assert_eq!(last, Page { items: vec![issued_key(7)], next_after: None });
    }

    #[tokio::test]
    async fn a_key_is_revoked_at_the_current_time() {
        let id = KeyId::DEVELOPMENT;
        let mut keys = MockApiKeyRepository::new();
        keys.expect_revoke()
            .once()
            .withf(move |key, moment| (*key, *moment) == (id, at(100)))
            .returning(|_, _| Ok(true));
        assert!(service(keys).revoke(id).await.unwrap());
    }
}
