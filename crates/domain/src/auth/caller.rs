//! Callers, and the permits that their keys' scopes give them.

use super::{GrantableScope, KeyId, Scope, Scopes};
use std::{fmt, marker::PhantomData};

/// A caller whose key holds: one that an issued key admits, the holder of the development key, or the operator.
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
    /// The caller who was shown to hold the key `key_id`.
    pub(super) fn admitted(key_id: KeyId, scopes: Scopes) -> Self {
        Self { key_id, scopes }
    }

    /// The holder of the development key, which has every scope.
    pub fn development() -> Self {
        Self { key_id: KeyId::DEVELOPMENT, scopes: Scopes::all() }
    }

    /// The operator at the command line, who has the database at hand and so may do everything.
    pub fn operator() -> Self {
        Self { key_id: KeyId::OPERATOR, scopes: Scopes::all() }
    }

    /// The id of the caller's key.
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// A permit for the scope `S`, if the caller's key has that scope.
    pub fn permit<S: GrantableScope>(&self) -> Result<Permit<S>, Forbidden> {
        if self.scopes.contains(S::SCOPE) {
            Ok(Permit { key_id: self.key_id, scope: PhantomData })
        } else {
            Err(Forbidden(S::SCOPE))
        }
    }
}

/// The proof that a caller's key has the scope `S`. A use case takes one, so that it cannot be called without.
///
/// ```
/// use gochat_domain::auth::{Caller, GroupsWrite, Permit};
/// let permit: Permit<GroupsWrite> = Caller::operator().permit()?;
/// # Ok::<(), gochat_domain::auth::Forbidden>(())
/// ```
/// It cannot be made without a caller:
/// ```compile_fail,E0451
/// use gochat_domain::auth::{GroupsWrite, KeyId, Permit};
/// let forged = Permit::<GroupsWrite> { key_id: KeyId::DEVELOPMENT, scope: std::marker::PhantomData };
/// ```
/// and a permit for one scope is none for another:
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

// Derived ones would ask the same of `S`, of which there is no value.
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

/// The key holds, but lacks the scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the API key lacks the scope {0}")]
pub struct Forbidden(pub Scope);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{GroupsRead, GroupsWrite};

    #[test]
    fn a_caller_is_permitted_what_the_key_is_for_and_nothing_else() {
        let caller = Caller::admitted(KeyId::DEVELOPMENT, [Scope::GroupsRead].into_iter().collect());
        assert_eq!(caller.permit::<GroupsRead>().unwrap().key_id(), KeyId::DEVELOPMENT);
        assert_eq!(caller.permit::<GroupsWrite>().unwrap_err(), Forbidden(Scope::GroupsWrite));
    }
}
