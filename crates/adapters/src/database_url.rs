//! Where the groups are stored, as a line of configuration says it.

use std::{fmt, ops::Range, path::PathBuf, str::FromStr, time::Duration};

/// The URL of a database. Its scheme picks the backend; `Display` and `Debug` hide the password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite://PATH`: a file, in a folder that is made if it is missing.
    SqliteFile(PathBuf),
    /// `sqlite::memory:`: a database that ends with the process, for tests.
    SqliteMemory,
    /// `postgres://…` or `postgresql://…`, in libpq's whole syntax.
    Postgres(PostgresUrl),
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(url: &str) -> Result<Self, InvalidDatabaseUrl> {
        if url == "sqlite::memory:" {
            return Ok(Self::SqliteMemory);
        }
        match url.split_once("://") {
            Some(("sqlite", path)) => sqlite_path(path).map(Self::SqliteFile),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(PostgresUrl(url.into()))),
            _ => Err(InvalidDatabaseUrl::UnknownScheme),
        }
    }
}

/// The path behind `sqlite://`, as it is: nothing in it is replaced. What people write there who expect something else would
/// make a file or a folder of that name, so it is refused.
fn sqlite_path(path: &str) -> Result<PathBuf, InvalidDatabaseUrl> {
    let is_encoded = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if path.is_empty() || path.ends_with('/') || path.trim() != path {
        Err(InvalidDatabaseUrl::NoPath)
    } else if path.split('/').any(|part| part.starts_with(':')) {
        Err(InvalidDatabaseUrl::Memory)
    } else if path.starts_with("file:") {
        Err(InvalidDatabaseUrl::Nested)
    } else if path.contains('?') {
        Err(InvalidDatabaseUrl::Parameters)
    } else if path.starts_with('~') || path.split('/').any(|part| part == "~") || path.contains('$') {
        Err(InvalidDatabaseUrl::Unexpanded)
    } else if path.split('%').skip(1).any(is_encoded) {
        Err(InvalidDatabaseUrl::Encoded)
    } else {
        Ok(path.into())
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SqliteFile(path) => write!(f, "sqlite://{}", path.display()),
            Self::SqliteMemory => f.write_str("sqlite::memory:"),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is wrong with a database URL. The text does not repeat the URL, as a secret may stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", self.expected())]
pub enum InvalidDatabaseUrl {
    /// `sqlite://` and no file behind it, or white space around it.
    NoPath,
    /// `sqlite://:memory:`, which would be a file of that name.
    Memory,
    /// `sqlite://file:…`: the URI of a file in a URL.
    Nested,
    /// `sqlite://PATH?…`: parameters are of other programs.
    Parameters,
    /// `sqlite://~/…` or `sqlite://$HOME/…`: no shell reads it.
    Unexpanded,
    /// `sqlite://a%20b`: nothing is decoded.
    Encoded,
    /// Neither SQLite nor PostgreSQL.
    UnknownScheme,
}

impl InvalidDatabaseUrl {
    /// What would be right.
    pub const fn expected(self) -> &'static str {
        match self {
            Self::NoPath => {
                "a file behind sqlite://, without white space around it, like sqlite://data/gochat.sqlite"
            }
            Self::Memory => {
                "sqlite::memory: for a database that ends with the process, or sqlite://PATH for a file"
            }
            Self::Nested => {
                "the path alone behind sqlite://, without file:, like sqlite:///var/lib/gochat/gochat.sqlite"
            }
            Self::Parameters => {
                "a path without ? and parameters, like sqlite://data/gochat.sqlite; the file is made if it is missing"
            }
            Self::Unexpanded => {
                "a path without ~ and $, as nothing is put in their place, like sqlite:///home/NAME/gochat.sqlite"
            }
            Self::Encoded => {
                "the path as it is, without percent-encoding, like sqlite://my data/gochat.sqlite"
            }
            Self::UnknownScheme => "sqlite://PATH, sqlite::memory: or postgres://USER:PASSWORD@HOST/DATABASE",
        }
    }
}

/// A connection URI of libpq (PostgreSQL manual, section 34.1.1.2).
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(Box<str>);

impl PostgresUrl {
    /// Parameters that keep a request from waiting on a server that is gone. What the URL itself says wins.
    ///
    /// A connection is given up before the request that waits for it, so that another one may still serve it. Where nothing
    /// is sent, as while a statement waits for a lock, keepalives find out that the machine is gone.
    fn defaults(timeout: Duration) -> [(&'static str, String); 6] {
        // libpq counts in whole seconds. Half of the time leaves time for a second host.
        let connect = timeout.div_f32(2.0).as_secs_f32().ceil().max(2.0);
        [
            ("connect_timeout", connect.to_string()),
            ("keepalives_idle", "5".to_owned()),
            ("keepalives_interval", "2".to_owned()),
            ("keepalives_count", "3".to_owned()),
            ("tcp_user_timeout", (timeout.mul_f32(0.8)).as_millis().to_string()),
            ("fallback_application_name", "gochat".to_owned()),
        ]
    }

    /// The URL that libpq is given: password included, and the defaults where the URL is silent.
    pub(crate) fn expose(&self, timeout: Duration) -> String {
        let mut url = String::from(&*self.0);
        for (name, value) in Self::defaults(timeout) {
            let query = self.query().map_or("", |start| &self.0[start..]);
            if !query.split('&').any(|parameter| parameter.split('=').next() == Some(name)) {
                let separator = if url[self.userinfo().end..].contains('?') { '&' } else { '?' };
                url.extend([separator.to_string().as_str(), name, "=", &value]);
            }
        }
        url
    }

    /// The part before `@`, found as libpq finds it; empty where there is none.
    fn userinfo(&self) -> Range<usize> {
        let start = self.0.find("://").map_or(0, |scheme| scheme + 3);
        match self.0[start..].find(['@', '/']) {
            Some(length) if self.0.as_bytes()[start + length] == b'@' => start..start + length,
            _ => start..start,
        }
    }

    /// Where the parameters begin, behind the `?`.
    fn query(&self) -> Option<usize> {
        let authority = self.userinfo().end;
        self.0[authority..].find('?').map(|offset| authority + offset + 1)
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let userinfo = self.userinfo();
        f.write_str(&self.0[..userinfo.start])?;
        match self.0[userinfo.clone()].split_once(':') {
            Some((user, _)) => write!(f, "{user}:***")?,
            None => f.write_str(&self.0[userinfo.clone()])?,
        }
        let Some(query) = self.query() else { return f.write_str(&self.0[userinfo.end..]) };
        f.write_str(&self.0[userinfo.end..query])?;
        for (position, parameter) in self.0[query..].split('&').enumerate() {
            let separator = if position == 0 { "" } else { "&" };
            match parameter.split_once('=') {
                Some((name @ ("password" | "sslpassword"), _)) => write!(f, "{separator}{name}=***")?,
                _ => write!(f, "{separator}{parameter}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_picks_the_backend() {
        assert_eq!("sqlite://data/g.sqlite".parse(), Ok(DatabaseUrl::SqliteFile("data/g.sqlite".into())));
        assert_eq!("sqlite:///var/g.sqlite".parse(), Ok(DatabaseUrl::SqliteFile("/var/g.sqlite".into())));
        assert_eq!("sqlite::memory:".parse(), Ok(DatabaseUrl::SqliteMemory));
        for url in ["postgres://h/d", "postgresql://h1,h2:5433/d?target_session_attrs=read-write"] {
            assert_eq!(url.parse(), Ok(DatabaseUrl::Postgres(PostgresUrl(url.into()))));
        }
    }

    #[test]
    fn what_is_no_database_url_is_refused_without_repeating_it() {
        for url in [
            "",
            "mysql://u:secret@h/d",
            "data/g.sqlite",
            "sqlite:g",
            "sqlite:/var/g",
            "file:g",
            "file:///var/g",
            "sqlite:memory:",
            "sqlite3://g",
        ] {
            let error = url.parse::<DatabaseUrl>().unwrap_err();
            assert_eq!(error, InvalidDatabaseUrl::UnknownScheme, "{url}");
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[test]
    fn a_path_that_would_be_taken_at_its_word_is_refused() {
        use InvalidDatabaseUrl::{Encoded, Memory, Nested, NoPath, Parameters, Unexpanded};
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
            ("sqlite://my%20data/g.sqlite", Encoded),
        ];
        for (url, error) in cases {
            assert_eq!(url.parse::<DatabaseUrl>(), Err(error), "{url}");
        }
        for path in ["100%/g", "a b/g", "g#1", "a~", "\u{e9}%2", "C:/g", "a:memory:"] {
            let url = format!("sqlite://{path}");
            assert_eq!(url.parse(), Ok(DatabaseUrl::SqliteFile(path.into())));
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let cases = [
            ("postgres://u:secret@h:5432/d", "postgres://u:***@h:5432/d"),
            ("postgres://u:sec?ret@h/d?a=b", "postgres://u:***@h/d?a=b"),
            ("postgres://u@h/d", "postgres://u@h/d"),
            ("postgres:///d?user=u&password=secret&host=/run", "postgres:///d?user=u&password=***&host=/run"),
            ("postgres://u:secret@h1,h2:5433/d", "postgres://u:***@h1,h2:5433/d"),
        ];
        for (url, shown) in cases {
            let url: DatabaseUrl = url.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), shown);
        }
    }

    #[test]
    fn timeouts_are_added_where_the_url_is_silent() {
        let rest = "keepalives_idle=5&keepalives_interval=2&keepalives_count=3&tcp_user_timeout=4000\
                    &fallback_application_name=gochat";
        let cases = [
            ("postgres://h/d", format!("postgres://h/d?connect_timeout=3&{rest}")),
            ("postgres://u:a?b@h", format!("postgres://u:a?b@h?connect_timeout=3&{rest}")),
            (
                "postgres://h/d?sslmode=require",
                format!("postgres://h/d?sslmode=require&connect_timeout=3&{rest}"),
            ),
            ("postgres://h/d?connect_timeout=1", format!("postgres://h/d?connect_timeout=1&{rest}")),
        ];
        for (url, exposed) in cases {
            assert_eq!(PostgresUrl(url.into()).expose(Duration::from_secs(5)), exposed);
        }
    }
}
