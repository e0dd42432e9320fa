//! The database URL of the configuration.

mod postgres;
mod sqlite;

pub use postgres::PostgresUrl;

use std::{fmt, path::PathBuf, str::FromStr};

/// The URL of a database. Its scheme picks the backend; `Display` and `Debug` hide the password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite://PATH`: a file. It and its folder are created if missing.
    SqliteFile(PathBuf),
    /// `sqlite::memory:`: a database that vanishes with the process, for tests.
    SqliteMemory,
    /// `postgres://…` or `postgresql://…`, in libpq's whole syntax.
    Postgres(PostgresUrl),
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(url: &str) -> Result<Self, InvalidDatabaseUrl> {
        if url.starts_with(['"', '\'']) {
            return Err(InvalidDatabaseUrl::Quoted);
        }
        if url == "sqlite::memory:" {
            return Ok(Self::SqliteMemory);
        }
        match url.split_once("://") {
            Some(("sqlite", path)) => sqlite::path(path).map(Self::SqliteFile),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(PostgresUrl(url.into()))),
            _ => Err(InvalidDatabaseUrl::UnknownScheme),
        }
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

/// The reason why a database URL is invalid. The message does not repeat the URL, which may contain a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", self.expected())]
pub enum InvalidDatabaseUrl {
    /// `sqlite://` without a file, or with white space around it.
    NoPath,
    /// `sqlite://:memory:`, which would be a file of that name.
    Memory,
    /// `sqlite://file:…`: a URI within the URL.
    Nested,
    /// `"sqlite://PATH"` or `sqlite://"PATH"`: environment files keep the quotes that a shell removes.
    Quoted,
    /// `sqlite://localhost/…`: SQLite has no hosts.
    Host,
    /// `sqlite://PATH?…` or `sqlite://PATH&…`: parameters, which other programs accept.
    Parameters,
    /// `sqlite://g.sqlite#…`: a URL fragment.
    Fragment,
    /// `sqlite://~/…`, `sqlite://$HOME/…` or `sqlite://%HOME%/…`: not expanded, as no shell reads it.
    Unexpanded,
    /// `sqlite://a%20b`: percent-encoding, which is not decoded.
    Encoded,
    /// Neither SQLite nor PostgreSQL.
    UnknownScheme,
}

impl InvalidDatabaseUrl {
    /// A description of a valid value.
    pub const fn expected(self) -> &'static str {
        match self {
            Self::NoPath => {
                "a file after sqlite://, without white space around it, like sqlite://data/gochat.sqlite"
            }
            Self::Memory => {
                "sqlite::memory: for a database that ends with the process, or sqlite://PATH for a file"
            }
            Self::Nested => {
                "the path alone after sqlite://, without file:, like sqlite:///var/lib/gochat/gochat.sqlite"
            }
            Self::Quoted => {
                "the URL without quotes around it or its path, like sqlite://my data/gochat.sqlite"
            }
            Self::Host => {
                "the path alone after sqlite://, without a host, like sqlite:///var/lib/gochat/gochat.sqlite; for a folder of that name, write ./localhost"
            }
            Self::Parameters => {
                "a path without parameters after ? or &, like sqlite://data/gochat.sqlite; the file is created if it is missing"
            }
            Self::Fragment => "the path without # after the file, like sqlite://data/gochat.sqlite",
            Self::Unexpanded => {
                "a path without ~, $ and %NAME%, as they are not expanded, like sqlite:///home/NAME/gochat.sqlite"
            }
            Self::Encoded => {
                "the path as it is, without percent-encoding, like sqlite://my data/gochat.sqlite"
            }
            Self::UnknownScheme => "sqlite://PATH, sqlite::memory: or postgres://USER:PASSWORD@HOST/DATABASE",
        }
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
    fn an_invalid_url_is_refused_without_repeating_it() {
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
}
