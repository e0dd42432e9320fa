//! Somebody who showed a key that holds.

use super::{KeyId, Scope, Scopes};

/// Whoever showed a key that holds. Only an `Authenticator` makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The key that was shown.
    pub key_id: KeyId,
    /// What the key is for.
    pub scopes: Scopes,
}

impl Caller {
    /// Passes if the caller's key is for `scope`.
    pub fn require(&self, scope: Scope) -> Result<(), Forbidden> {
        if self.scopes.contains(scope) { Ok(()) } else { Err(Forbidden(scope)) }
    }
}

/// The key holds, but is not for this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the API key lacks the scope {0}")]
pub struct Forbidden(pub Scope);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_may_do_what_the_key_is_for_and_nothing_else() {
        let scopes = [Scope::GroupsRead].into_iter().collect();
        let caller = Caller { key_id: KeyId::DEVELOPMENT, scopes };
        assert_eq!(caller.require(Scope::GroupsRead), Ok(()));
        assert_eq!(caller.require(Scope::GroupsWrite), Err(Forbidden(Scope::GroupsWrite)));
    }
}
