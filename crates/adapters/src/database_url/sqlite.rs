//! The path of a SQLite database.

use super::InvalidDatabaseUrl;
use std::path::{Path, PathBuf};

/// File extensions of databases. After one, a `#` begins a URL fragment.
const ENDINGS: [&str; 5] = ["sqlite", "sqlite3", "db", "db3", "sdb"];

/// Validates the path after `sqlite://`, which is used literally. Syntax of URLs and shells would create files of odd
/// names, so it is refused. A path that is meant literally can be written differently (`./localhost/g`), or be
/// reached by a symbolic link.
pub(super) fn path(path: &str) -> Result<PathBuf, InvalidDatabaseUrl> {
    let parts = || path.split('/');
    let file = parts().next_back().unwrap_or_default();
    if path.is_empty() || path.ends_with('/') || path.trim() != path {
        Err(InvalidDatabaseUrl::NoPath)
    } else if path.starts_with(['"', '\'']) || path.ends_with(['"', '\'']) {
        Err(InvalidDatabaseUrl::Quoted)
    } else if parts().any(|part| part.starts_with(':')) {
        Err(InvalidDatabaseUrl::Memory)
    } else if path.starts_with("file:") {
        Err(InvalidDatabaseUrl::Nested)
    } else if parts().next().is_some_and(|first| first.eq_ignore_ascii_case("localhost")) {
        Err(InvalidDatabaseUrl::Host)
    } else if path.contains('?') || has_parameter(file) {
        Err(InvalidDatabaseUrl::Parameters)
    } else if has_fragment(file) {
        Err(InvalidDatabaseUrl::Fragment)
    } else if path.starts_with('~') || parts().any(|part| part == "~") || has_variable(path) {
        Err(InvalidDatabaseUrl::Unexpanded)
    } else if path.split('%').skip(1).any(is_encoded) {
        Err(InvalidDatabaseUrl::Encoded)
    } else {
        Ok(path.into())
    }
}

/// Detects `g.sqlite&mode=rwc`.
fn has_parameter(file: &str) -> bool {
    let is_name = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_-".contains(&byte))
    };
    file.split(['&', ';']).skip(1).any(|part| part.split_once('=').is_some_and(|(name, _)| is_name(name)))
}

/// Detects `g.sqlite#main`; `#` is common in other names.
fn has_fragment(file: &str) -> bool {
    let ending = |part: &str| {
        Path::new(part).extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known))
    };
    file.match_indices('#').any(|(start, _)| ending(&file[..start]))
}

/// Detects `$HOME` and `%HOME%`.
fn has_variable(path: &str) -> bool {
    // Percent-encoding has two hex digits between two `%`, as in %C3%A9.
    let is_name = |text: &str| {
        text.len() > 2
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    // Drops the texts before the first `%` and after the last one, which are not between two.
    let mut between = path.split('%').skip(1).zip(path.split('%').skip(2)).map(|(text, _)| text);
    path.contains('$') || between.any(is_name)
}

/// Returns true if the text after a `%` makes it percent-encoding.
fn is_encoded(rest: &str) -> bool {
    rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DatabaseUrl;

    #[test]
    fn a_path_with_url_or_shell_syntax_is_refused() {
        use InvalidDatabaseUrl::{
            Encoded, Fragment, Host, Memory, Nested, NoPath, Parameters, Quoted, Unexpanded,
        };
        let cases = [
            ("sqlite://", NoPath),
            ("sqlite:///", NoPath),
            ("sqlite://data/", NoPath),
            ("sqlite://g.sqlite ", NoPath),
            ("sqlite:// g.sqlite", NoPath),
            ("sqlite://:memory:", Memory),
            ("sqlite://:memory:?cache=shared", Memory),
            ("sqlite:///:memory:", Memory),
            ("sqlite://./:memory:", Memory),
            ("sqlite://file:g.sqlite", Nested),
            ("sqlite://file:///var/g.sqlite?mode=ro", Nested),
            ("sqlite://g.sqlite?mode=rwc", Parameters),
            ("sqlite://g.sqlite?", Parameters),
            ("sqlite://~/g.sqlite", Unexpanded),
            ("sqlite://~gochat/g.sqlite", Unexpanded),
            ("sqlite:///~/g.sqlite", Unexpanded),
            ("sqlite://$HOME/g.sqlite", Unexpanded),
            ("sqlite:///home/${USER}/g.sqlite", Unexpanded),
            ("sqlite://%HOME%/g.sqlite", Unexpanded),
            ("sqlite:///home/%USER_1%/g.sqlite", Unexpanded),
            ("sqlite://%DATA%/g.sqlite", Unexpanded),
            ("sqlite://my%20data/g.sqlite", Encoded),
            ("sqlite://caf%C3%A9/g.sqlite", Encoded),
            ("sqlite://a%20%20b/g.sqlite", Encoded),
            ("sqlite://localhost/var/g.sqlite", Host),
            ("sqlite://Localhost/g.sqlite", Host),
            ("sqlite://localhost", Host),
            ("sqlite://g.sqlite&mode=rwc", Parameters),
            ("sqlite:///var/g.db&cache=shared&_busy_timeout=5", Parameters),
            ("sqlite://g.sqlite;mode=ro", Parameters),
            ("sqlite://g.sqlite#main", Fragment),
            ("sqlite:///var/a#b/g.db#", Fragment),
            ("sqlite://\"data/g.sqlite\"", Quoted),
            ("sqlite://'data/g.sqlite'", Quoted),
            ("sqlite://data/g.sqlite\"", Quoted),
            ("\"sqlite://data/g.sqlite\"", Quoted),
            ("'sqlite::memory:'", Quoted),
            ("\"postgres://u:secret@h/d\"", Quoted),
        ];
        for (url, error) in cases {
            assert_eq!(url.parse::<DatabaseUrl>(), Err(error), "{url}");
        }
        for path in [
            "100%/g",
            "a b/g",
            "g#1",
            "c#/#g.sqlite",
            "g-1.0#2.sqlite",
            "a~",
            "\u{e9}%2",
            "50%off%/g",
            "C:/g",
            "a:memory:",
            "./localhost/g.sqlite",
            "/localhost/g.sqlite",
            "localhost.sqlite",
            "R&D/g.sqlite",
            "a=b&c/g.sqlite",
            "a&b.sqlite",
            "o'hara/g.sqlite",
            "data/mode=rw.sqlite",
        ] {
            let url = format!("sqlite://{path}");
            assert_eq!(url.parse(), Ok(DatabaseUrl::SqliteFile(path.into())));
        }
    }
}
