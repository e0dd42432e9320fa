//! The path of a SQLite database.

use super::InvalidDatabaseUrl;
use std::{
    net::{Ipv4Addr, Ipv6Addr},
    path::PathBuf,
};

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
    } else if path.contains('\\') || parts().any(is_drive) {
        Err(InvalidDatabaseUrl::Windows)
    } else if parts().next().is_some_and(is_host) {
        Err(InvalidDatabaseUrl::Host)
    } else if path.contains('?') || has_parameter(file) {
        Err(InvalidDatabaseUrl::Parameters)
    } else if path.contains('#') {
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

/// Detects `C:`.
fn is_drive(part: &str) -> bool {
    matches!(part.as_bytes(), [letter, b':'] if letter.is_ascii_alphabetic())
}

/// Detects `localhost`, `127.0.0.1`, `[::1]`, `host:80` and `user:password@host` at the start of the path.
fn is_host(first: &str) -> bool {
    let (name, port) = first.rsplit_once(':').unwrap_or((first, ""));
    let has_port = !name.is_empty() && !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit());
    first.eq_ignore_ascii_case("localhost")
        || has_port
        || first.contains('@')
        || first.starts_with('[')
        || first.parse::<Ipv4Addr>().is_ok()
        || first.parse::<Ipv6Addr>().is_ok()
}

/// Detects `$HOME`, `%HOME%` and backticks.
fn has_variable(path: &str) -> bool {
    // Percent-encoding has two hex digits between two `%`, as in %C3%A9.
    let is_name = |text: &str| {
        text.len() > 2
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    // Drops the texts before the first `%` and after the last one, which are not between two.
    let mut between = path.split('%').skip(1).zip(path.split('%').skip(2)).map(|(text, _)| text);
    path.contains(['$', '`']) || between.any(is_name)
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
            Encoded, Fragment, Host, Memory, Nested, NoPath, Parameters, Quoted, Unexpanded, Windows,
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
            ("sqlite://x#y", Fragment),
            ("sqlite://#", Fragment),
            ("sqlite://c#/g.sqlite", Fragment),
            ("sqlite://127.0.0.1/x", Host),
            ("sqlite://127.0.0.1", Host),
            ("sqlite://[::1]/x", Host),
            ("sqlite://::1/x", Memory),
            ("sqlite://fe80::1/x", Host),
            ("sqlite://[::1]:80/x", Host),
            ("sqlite://host:80/x", Host),
            ("sqlite://db.example.org:80", Host),
            ("sqlite://u:secret@h/d", Host),
            ("sqlite://u@h/d", Host),
            ("sqlite://`pwd`/g.sqlite", Unexpanded),
            ("sqlite:///var/`hostname`.sqlite", Unexpanded),
            ("sqlite://C:\\x", Windows),
            ("sqlite://C:/x", Windows),
            ("sqlite:///C:/x", Windows),
            ("sqlite://data\\g.sqlite", Windows),
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
            "a~",
            "\u{e9}%2",
            "50%off%/g",
            "./127.0.0.1/g.sqlite",
            "/127.0.0.1/g.sqlite",
            "./host:80/g.sqlite",
            "./a@b/g.sqlite",
            "data/a@b:80.sqlite",
            "1.2.3/g.sqlite",
            "a:b/g.sqlite",
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
