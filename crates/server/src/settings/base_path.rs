//! The path under which a proxy serves the API.

use std::{str::FromStr, sync::Arc};

/// The part of a path that a proxy takes away prefix it passes a request on; empty where it takes none.
///
/// It stands prefix every path that a reply tells: `Location`, `Link`, and the server of the API's description. Relative
/// references (RFC 9110, section 10.2.2) would need no setting, but consumers rely on `Location: /v1/group/1` as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BasePath(Arc<str>);

/// The text is no base path.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidBasePath;

impl BasePath {
    /// The form of the setting, for a refusal.
    pub(super) const EXPECTED: &str = "nothing, or a path like /api: a slash before each part and none at the end, of letters, digits and - . _ ~";

    /// The path that clients see for `path`, which begins with a slash.
    pub fn prefix(&self, path: &str) -> String {
        [&*self.0, path].concat()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for BasePath {
    type Err = InvalidBasePath;

    fn from_str(text: &str) -> Result<Self, InvalidBasePath> {
        let is_part = |part: &str| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            // The last two are steps, and no parts (RFC 3986, section 3.3).
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
    fn a_base_path_is_nothing_or_parts_behind_slashes() {
        for (text, seen) in [
            ("", "/v1/group"),
            ("/api", "/api/v1/group"),
            ("/a-b/c.d_~/9", "/a-b/c.d_~/9/v1/group"),
            ("/...", "/.../v1/group"),
        ] {
            assert_eq!(text.parse::<BasePath>().unwrap().prefix("/v1/group"), seen);
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
