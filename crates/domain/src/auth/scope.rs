//! Scopes: the operations that a key permits.

use std::{fmt, str::FromStr};

/// One kind of operation that a key may permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Finding groups, their members and their administrators.
    GroupsRead,
    /// Creating, changing, handing over and deleting groups.
    GroupsWrite,
    /// Making a user a member by the group's token, and ending a membership.
    MembersJoin,
    /// Making any user a member without the token, and ending any membership.
    MembersWrite,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 4] = [Self::GroupsRead, Self::GroupsWrite, Self::MembersJoin, Self::MembersWrite];

    /// The scope's name on the command line and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GroupsRead => "groups:read",
            Self::GroupsWrite => "groups:write",
            Self::MembersJoin => "members:join",
            Self::MembersWrite => "members:write",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(name: &str) -> Result<Self, UnknownScope> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == name)
            .ok_or_else(|| UnknownScope(name.to_owned()))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The scopes that permit an operation, as the type parameter of [`Permit`](super::Permit).
pub trait GrantableScope {
    /// The scopes, any one of which is enough.
    const ANY_OF: &'static [Scope];
}

/// [`Scope::GroupsRead`] as a type.
pub enum GroupsRead {}

/// [`Scope::GroupsWrite`] as a type.
pub enum GroupsWrite {}

/// [`Scope::MembersWrite`] as a type.
pub enum MembersWrite {}

/// [`Scope::MembersJoin`] or [`Scope::MembersWrite`] as a type.
pub enum MembersJoinOrWrite {}

impl GrantableScope for GroupsRead {
    const ANY_OF: &'static [Scope] = &[Scope::GroupsRead];
}

impl GrantableScope for GroupsWrite {
    const ANY_OF: &'static [Scope] = &[Scope::GroupsWrite];
}

impl GrantableScope for MembersWrite {
    const ANY_OF: &'static [Scope] = &[Scope::MembersWrite];
}

impl GrantableScope for MembersJoinOrWrite {
    const ANY_OF: &'static [Scope] = &[Scope::MembersJoin, Scope::MembersWrite];
}

/// No scope has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a scope; the scopes are groups:read, groups:write, members:join and members:write")]
pub struct UnknownScope(String);

/// A set of scopes. Displays as space-separated names, which [`Scopes::from_names`] reads back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// The set of every scope.
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Reads space-separated names.
    ///
    /// Unknown names are ignored: during a rolling upgrade a newer instance may have stored one, and the key remains
    /// valid for the scopes that this version knows.
    pub fn from_names(names: &str) -> Self {
        names.split_ascii_whitespace().filter_map(|name| name.parse::<Scope>().ok()).collect()
    }

    /// Returns true if `scope` is in the set.
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The scopes in the set.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | scope.bit()))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, scope) in self.iter().enumerate() {
            let space = if position == 0 { "" } else { " " };
            write!(f, "{space}{scope}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_round_trips_through_its_names() {
        for set in [Scopes::default(), [Scope::GroupsRead].into_iter().collect(), Scopes::all()] {
            assert_eq!(Scopes::from_names(&set.to_string()), set);
        }
        assert_eq!(Scopes::all().to_string(), "groups:read groups:write members:join members:write");
    }

    #[test]
    fn a_set_contains_only_the_scopes_put_in() {
        let set: Scopes = [Scope::GroupsWrite].into_iter().collect();
        assert!(set.contains(Scope::GroupsWrite));
        assert!(!set.contains(Scope::GroupsRead));
    }

    #[test]
    fn an_unknown_stored_scope_is_ignored() {
        let set = Scopes::from_names("groups:burn groups:read");
        assert_eq!(set, [Scope::GroupsRead].into_iter().collect());
        assert_eq!(Scopes::from_names("groups:burn"), Scopes::default());
    }

    #[test]
    fn the_error_names_the_unknown_scope() {
        let error = "groups:burn".parse::<Scope>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`groups:burn` is not a scope; the scopes are groups:read, groups:write, members:join and members:write"
        );
    }
}
