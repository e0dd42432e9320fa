//! The path prefix under which a proxy serves the API.

use std::{
    fmt::{Display, Write},
    str::FromStr,
    sync::Arc,
};

/// Bytes that hold most paths of a `Location`, so that one allocation is enough.
const PATH_CAPACITY: usize = 32;

/// The path prefix that a proxy strips before it forwards a request; empty if there is none.
///
/// It is added to every path in a reply: `Location`, `Link` and the server in the OpenAPI document. Relative
/// references (RFC 9110, section 10.2.2) would need no setting, but clients rely on `Location: /v1/group/1` as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BasePath(Arc<str>);

/// Error for a text that is not a base path.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidBasePath;

impl BasePath {
    /// Expected form of the setting, for error messages.
    pub(super) const EXPECTED: &str = "nothing, or a path like /api: segments of letters, digits and - . _ ~, each after a slash, and no slash at the end";

    /// Adds the prefix to `path`, which begins with a slash.
    pub fn prefixed(&self, path: impl Display) -> String {
        let mut prefixed = String::with_capacity(self.0.len() + PATH_CAPACITY);
        prefixed.push_str(&self.0);
        // Writing into a `String` does not fail.
        let _infallible = write!(prefixed, "{path}");
        prefixed
    }

    /// Returns true if there is no prefix.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for BasePath {
    type Err = InvalidBasePath;

    fn from_str(text: &str) -> Result<Self, InvalidBasePath> {
        let is_part = |part: &str| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            // `.` and `..` are relative steps, not path segments (RFC 3986, section 3.3).
            part.bytes().all(allowed) && !["", ".", ".."].contains(&part)
        };
        let is_path = || text.strip_prefix('/').is_some_and(|parts| parts.split('/').all(is_part));
        if text.is_empty() || is_path() { Ok(Self(text.into())) } else { Err(InvalidBasePath) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_empty_or_segments_that_each_begin_with_a_slash() {
        for (text, seen) in [
            ("", "/v1/group"),
            ("/api", "/api/v1/group"),
            ("/a-b/c.d_~/9", "/a-b/c.d_~/9/v1/group"),
            ("/...", "/.../v1/group"),
        ] {
            assert_eq!(text.parse::<BasePath>().unwrap().prefixed("/v1/group"), seen);
        }
        for text in [
            "/",
            "api",
            "/api/",
            "//api",
            "/a//b",
            "/..",
            "/a/./b",
            "/a b",
            "/a?b",
            "/a#b",
            "/a>b",
            "/a%20",
            "/\u{e9}",
            "/a\r\nb",
            "https://a.example/api",
            " /api",
        ] {
            assert_eq!(text.parse::<BasePath>(), Err(InvalidBasePath), "{text:?}");
        }
    }
}
