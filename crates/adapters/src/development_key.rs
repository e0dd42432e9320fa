//! The development key, which GoChat's API page shows.

use async_trait::async_trait;
use gochat_domain::{
    auth::{ApiKey, Caller},
    ports::{AuthenticateError, Authenticator},
};

/// The key of GoChat's API page. It is public, so it must only ever be enabled on a developer's own machine.
pub const DEVELOPMENT_KEY: &str = "433578ab-84c2-4e02-4656-de55a8097c9f";

/// Accepts [`DEVELOPMENT_KEY`] with every scope, and delegates every other key to the wrapped [`Authenticator`].
pub struct DevelopmentKey<A>(pub A);

#[async_trait]
impl<A: Authenticator> Authenticator for DevelopmentKey<A> {
    async fn authenticate(&self, key: &ApiKey) -> Result<Caller, AuthenticateError> {
        if key.expose() == DEVELOPMENT_KEY {
            return Ok(Caller::development());
        }
        self.0.authenticate(key).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gochat_domain::ports::MockAuthenticator;

    #[tokio::test]
    async fn the_development_key_has_every_scope_and_other_keys_are_looked_up() {
        let mut within = MockAuthenticator::new();
        within.expect_authenticate().once().returning(|_| Err(AuthenticateError::Unauthorized));
        let authenticator = DevelopmentKey(within);
        let caller = authenticator.authenticate(&ApiKey::parse(DEVELOPMENT_KEY).unwrap()).await.unwrap();
        assert_eq!(caller, Caller::development());
        let other = ApiKey::parse("433578ab-84c2-4e02-4656-de55a8097c90").unwrap();
        assert!(matches!(authenticator.authenticate(&other).await, Err(AuthenticateError::Unauthorized)));
    }
}
