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
            Some(("sqlite", "")) => Err(InvalidDatabaseUrl::NoPath),
            Some(("sqlite", path)) => Ok(Self::SqliteFile(path.into())),
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

/// What is wrong with a database URL. The text does not repeat the URL, as a secret may stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", self.expected())]
pub enum InvalidDatabaseUrl {
    /// `sqlite://` and nothing behind it.
    NoPath,
    /// Neither SQLite nor PostgreSQL.
    UnknownScheme,
}

impl InvalidDatabaseUrl {
    /// What would be right.
    pub const fn expected(self) -> &'static str {
        match self {
            Self::NoPath => "a file behind sqlite://, like sqlite://data/gochat.sqlite",
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
        assert_eq!("sqlite://".parse::<DatabaseUrl>(), Err(InvalidDatabaseUrl::NoPath));
        for url in ["", "mysql://u:secret@h/d", "data/g.sqlite", "sqlite:g"] {
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
