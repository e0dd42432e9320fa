//! The database URL of the configuration.

mod postgres;
mod sqlite;

pub(crate) use postgres::ConnectionString;
pub use postgres::PostgresUrl;

use std::{fmt, path::PathBuf, str::FromStr};

/// The URL of a database. Its scheme picks the backend; `Display` and `Debug` hide the password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite://PATH`: a file. It and its folder are created if missing.
    SqliteFile(PathBuf),
    /// `sqlite::memory:`: a database that vanishes with the process, for tests.
    SqliteMemory,
    /// `postgres://…` or `postgresql://…`, as libpq reads it.
    Postgres(PostgresUrl),
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(url: &str) -> Result<Self, InvalidDatabaseUrl> {
        if url.starts_with(['"', '\'']) {
            return Err(InvalidDatabaseUrl::Quoted);
        }
        if url.contains(char::is_control) {
            return Err(InvalidDatabaseUrl::Control);
        }
        if url == "sqlite::memory:" {
            return Ok(Self::SqliteMemory);
        }
        match url.split_once("://") {
            Some(("sqlite", path)) => sqlite::path(path).map(Self::SqliteFile),
            Some((scheme @ ("postgres" | "postgresql"), rest)) => {
                PostgresUrl::parse(scheme, rest).map(Self::Postgres)
            }
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
    /// `sqlite://localhost/…`, an IP address, a port or a user in that place: SQLite has no hosts.
    Host,
    /// `sqlite://C:\x` or `sqlite://C:/x`: a path of Windows.
    Windows,
    /// A control character, such as a zero byte, which no path can have, or a tab.
    Control,
    /// `sqlite://PATH?…` or `sqlite://PATH&…`: parameters, which other programs accept.
    Parameters,
    /// `sqlite://x#y`: a URL fragment.
    Fragment,
    /// `sqlite://~/…`, `sqlite://$HOME/…`, `sqlite://%HOME%/…` or backticks: not expanded, as no shell reads it.
    Unexpanded,
    /// `sqlite://a%20b`: percent-encoding, which is not decoded.
    Encoded,
    /// A PostgreSQL URL with a character that is not percent-encoded: it is not certain what the password is.
    Malformed,
    /// A PostgreSQL URL with a parameter that libpq lacks. It may be a part of a password behind an unencoded `&`.
    UnknownParameter,
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
                "the path alone after sqlite://, without a host, like sqlite:///var/lib/gochat/gochat.sqlite; if a folder is named like a host, put ./ before it, like sqlite://./localhost/gochat.sqlite"
            }
            Self::Windows => {
                "a path with / between its folders and without a drive, like sqlite:///var/lib/gochat/gochat.sqlite"
            }
            Self::Control => "the URL without control characters, such as line breaks, tabs and zero bytes",
            Self::Parameters => {
                "a path without parameters after ? or &, like sqlite://data/gochat.sqlite; the file is created if it is missing"
            }
            Self::Fragment => {
                "a path without #, like sqlite://data/gochat.sqlite; if the path must contain #, make a symbolic link to it"
            }
            Self::Unexpanded => {
                "a path without ~, $, %NAME% and backticks, as they are not expanded, like sqlite:///home/NAME/gochat.sqlite"
            }
            Self::Encoded => {
                "the path as it is, without percent-encoding, like sqlite://my data/gochat.sqlite"
            }
            Self::Malformed => {
                "postgres://USER:PASSWORD@HOST:PORT/DATABASE?NAME=VALUE, with user, password, database and values percent-encoded: / as %2F, @ as %40, % as %25, ? as %3F, # as %23, [ as %5B, ] as %5D, & as %26, = as %3D, a space as %20"
            }
            Self::UnknownParameter => {
                "parameters of libpq after ?, like sslmode=require, with percent-encoded values: & as %26, % as %25"
            }
            Self::UnknownScheme => "sqlite://PATH, sqlite::memory: or postgres://USER:PASSWORD@HOST/DATABASE",
        }
    }
}

#[cfg(test)]
mod tests;
