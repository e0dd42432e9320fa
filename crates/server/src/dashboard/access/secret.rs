//! The secret of a session.

use std::fmt;

/// The secret of a session, as the cookie has it. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct SessionSecret(Box<str>);

impl SessionSecret {
    /// Checks the form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        (text.len() == 43).then(|| Self(text.into()))
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret(_)")
    }
}
