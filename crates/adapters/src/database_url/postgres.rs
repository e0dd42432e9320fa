//! The URL of a PostgreSQL database.

use std::{fmt, ops::Range, time::Duration};

/// A connection URI of libpq (PostgreSQL manual, section 34.1.1.2).
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(pub(super) Box<str>);

impl PostgresUrl {
    /// Timeout parameters that are added unless the URL sets them.
    ///
    /// They drop a dead connection before the request times out, so that another connection can still serve it.
    /// Keepalives detect a dead machine while nothing is sent, as while a statement waits for a lock.
    fn defaults(timeout: Duration) -> [(&'static str, String); 6] {
        // libpq takes whole seconds. Half of the timeout leaves time for a second host.
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

    /// The URL for libpq, with the password, and with the defaults of the parameters that it lacks.
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

    /// The part before `@`, as libpq parses it; empty if there is none.
    fn userinfo(&self) -> Range<usize> {
        let start = self.0.find("://").map_or(0, |scheme| scheme + 3);
        match self.0[start..].find(['@', '/']) {
            Some(length) if self.0.as_bytes()[start + length] == b'@' => start..start + length,
            _ => start..start,
        }
    }

    /// Start of the parameters, after the `?`.
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
    fn timeouts_are_added_unless_the_url_sets_them() {
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
