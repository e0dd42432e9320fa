//! What a key is for.

use std::{fmt, str::FromStr};

/// One thing that a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Reading groups.
    GroupsRead,
    /// Creating groups.
    GroupsWrite,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 2] = [Self::GroupsRead, Self::GroupsWrite];

    /// The scope's name, as the command line and the database write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GroupsRead => "groups:read",
            Self::GroupsWrite => "groups:write",
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

/// A scope as a type, so that a [`Permit`](super::Permit) for it is a type too.
pub trait GrantableScope {
    /// The scope.
    const SCOPE: Scope;
}

/// [`Scope::GroupsRead`] as a type.
pub enum GroupsRead {}

/// [`Scope::GroupsWrite`] as a type.
pub enum GroupsWrite {}

impl GrantableScope for GroupsRead {
    const SCOPE: Scope = Scope::GroupsRead;
}

impl GrantableScope for GroupsWrite {
    const SCOPE: Scope = Scope::GroupsWrite;
}

/// No scope has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no scope; there are groups:read and groups:write")]
pub struct UnknownScope(String);

/// A set of scopes. Displayed as their names with a space between; [`Scopes::recorded`] reads that back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// The set of every scope.
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// The scopes that a record names, with a space between.
    ///
    /// A name that this version does not know is passed over: during a rolling upgrade a newer instance may have written
    /// it, and the key still holds for the scopes that this version knows.
    pub fn recorded(names: &str) -> Self {
        names.split_ascii_whitespace().filter_map(|name| name.parse::<Scope>().ok()).collect()
    }

    /// Whether `scope` is in the set.
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
            assert_eq!(Scopes::recorded(&set.to_string()), set);
        }
        assert_eq!(Scopes::all().to_string(), "groups:read groups:write");
    }

    #[test]
    fn a_set_contains_what_was_put_in_and_nothing_else() {
        let set: Scopes = [Scope::GroupsWrite].into_iter().collect();
        assert!(set.contains(Scope::GroupsWrite));
        assert!(!set.contains(Scope::GroupsRead));
    }

    #[test]
    fn a_recorded_scope_that_this_version_does_not_know_is_passed_over() {
        let set = Scopes::recorded("groups:burn groups:read");
        assert_eq!(set, [Scope::GroupsRead].into_iter().collect());
        assert_eq!(Scopes::recorded("groups:burn"), Scopes::default());
    }

    #[test]
    fn an_unknown_name_is_named() {
        let error = "groups:burn".parse::<Scope>().unwrap_err();
        assert_eq!(error.to_string(), "`groups:burn` is no scope; there are groups:read and groups:write");
    }
}
