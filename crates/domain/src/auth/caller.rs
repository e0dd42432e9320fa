//! Callers, and the permits that the scopes of their keys grant.

use super::{GrantableScope, KeyId, Scope, Scopes};
use std::{fmt, marker::PhantomData};

/// An authenticated caller: the holder of a valid issued key or of the development key, or the operator.
///
/// ```compile_fail,E0451
/// use gochat_domain::auth::{Caller, KeyId, Scopes};
/// let forged = Caller { key_id: KeyId::DEVELOPMENT, scopes: Scopes::all() };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    key_id: KeyId,
    scopes: Scopes,
}

impl Caller {
    /// The holder of the valid key `key_id`.
    pub(super) fn admitted(key_id: KeyId, scopes: Scopes) -> Self {
        Self { key_id, scopes }
    }

    /// The holder of the development key: a published key with every scope, meant for a
    /// developer's own machine.
    pub fn development() -> Self {
        Self { key_id: KeyId::DEVELOPMENT, scopes: Scopes::all() }
    }

    /// The operator at the command line or in the dashboard, who has access to the database and so has every scope.
    pub fn operator() -> Self {
        Self { key_id: KeyId::OPERATOR, scopes: Scopes::all() }
    }

    /// The id of the caller's key.
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Returns a permit for `S` if the caller's key has one of the scopes of `S`.
    pub fn permit<S: GrantableScope>(&self) -> Result<Permit<S>, Forbidden> {
        if S::ANY_OF.iter().any(|scope| self.scopes.contains(*scope)) {
            Ok(Permit { key_id: self.key_id, scope: PhantomData })
        } else {
            Err(Forbidden(S::ANY_OF))
        }
    }
}

/// Proof that a caller's key has one of the scopes of `S`. Use cases require one, so they cannot be called without it.
///
/// ```
/// use gochat_domain::auth::{Caller, GroupsWrite, Permit};
/// let permit: Permit<GroupsWrite> = Caller::operator().permit()?;
/// # Ok::<(), gochat_domain::auth::Forbidden>(())
/// ```
/// It cannot be constructed without a caller:
/// ```compile_fail,E0451
/// use gochat_domain::auth::{GroupsWrite, KeyId, Permit};
/// let forged = Permit::<GroupsWrite> { key_id: KeyId::DEVELOPMENT, scope: std::marker::PhantomData };
/// ```
/// and a permit for one scope cannot be used for another:
/// ```compile_fail,E0308
/// use gochat_domain::auth::{Caller, GroupsRead, GroupsWrite, Permit};
/// let read: Permit<GroupsRead> = Caller::operator().permit()?;
/// let write: Permit<GroupsWrite> = read;
/// # Ok::<(), gochat_domain::auth::Forbidden>(())
/// ```
pub struct Permit<S> {
    key_id: KeyId,
    scope: PhantomData<fn() -> S>,
}

impl<S> Permit<S> {
    /// The id of the caller's key.
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }
}

// Not derived: that would require `S: Clone` and `S: Copy`.
impl<S> Clone for Permit<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Permit<S> {}

impl<S> fmt::Debug for Permit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// The key is valid, but has none of these scopes, of which one is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the API key lacks the scope {}", names(.0))]
pub struct Forbidden(pub &'static [Scope]);

fn names(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{GroupsRead, GroupsWrite, MembersJoinOrWrite, MembersWrite};

    #[test]
    fn a_caller_gets_permits_only_for_the_scopes_of_its_key() {
        let caller = Caller::admitted(KeyId::DEVELOPMENT, [Scope::GroupsRead].into_iter().collect());
        assert_eq!(caller.permit::<GroupsRead>().unwrap().key_id(), KeyId::DEVELOPMENT);
        assert_eq!(caller.permit::<GroupsWrite>().unwrap_err(), Forbidden(&[Scope::GroupsWrite]));
    }

    #[test]
    fn one_of_several_scopes_is_enough() {
        for scope in [Scope::MembersJoin, Scope::MembersWrite] {
            let caller = Caller::admitted(KeyId::DEVELOPMENT, [scope].into_iter().collect());
            assert!(caller.permit::<MembersJoinOrWrite>().is_ok());
            assert_eq!(caller.permit::<MembersWrite>().is_ok(), scope == Scope::MembersWrite);
        }
        let reader = Caller::admitted(KeyId::DEVELOPMENT, [Scope::GroupsRead].into_iter().collect());
        assert_eq!(
            reader.permit::<MembersJoinOrWrite>().unwrap_err().to_string(),
            "the API key lacks the scope members:join or members:write"
        );
    }
}
