//! The URL of a PostgreSQL database.

mod connection_string;

pub(crate) use connection_string::ConnectionString;

use super::InvalidDatabaseUrl;
use percent_encoding::percent_decode_str;
use std::{collections::HashSet, fmt, time::Duration};

/// A connection URI of libpq (PostgreSQL manual, section 34.1.1.2), without its ambiguous forms.
///
/// libpq accepts URLs in which a part of the password reads as a host or a database. It refuses some other URLs with a
/// message that quotes them. Both kinds are refused here, so that it is certain which part is the password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    url: Box<str>,
    /// The URL without its secrets.
    shown: Box<str>,
    /// Every hidden text, in two forms: as written in the URL, and percent-decoded.
    hidden: Vec<String>,
    /// Names of the parameters.
    parameters: HashSet<String>,
}

/// Parameters whose values are never shown.
const SECRETS: [&str; 6] =
    ["password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret", "options"];

/// The other parameters of libpq up to PostgreSQL 18, and `ssl`, which libpq accepts for JDBC's sake.
const PARAMETERS: [&str; 48] = [
    "application_name",
    "authtype",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "oauth_client_id",
    "oauth_issuer",
    "oauth_scope",
    "passfile",
    "port",
    "replication",
    "require_auth",
    "requirepeer",
    "requiressl",
    "service",
    "servicefile",
    "ssl",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslkeylogfile",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

impl PostgresUrl {
    /// Parses a URL. `rest` is the part after `scheme://`.
    pub(super) fn parse(scheme: &str, rest: &str) -> Result<Self, InvalidDatabaseUrl> {
        let malformed = InvalidDatabaseUrl::Malformed;
        let is_forbidden = |letter: char| letter.is_whitespace() || letter == '#';
        if rest.contains(is_forbidden) || !rest.split('%').skip(1).all(is_encoded) {
            return Err(malformed);
        }
        let (location, query) = parted(rest, '?');
        let (authority, database) = parted(location, '/');
        let (userinfo, hosts) = authority.split_once('@').map_or((None, authority), |(u, h)| (Some(u), h));
        // With more than one @ or /, a part of the password would be taken for something else.
        if hosts.contains('@')
            || query.is_some_and(|query| query.contains('@'))
            || database.is_some_and(|database| database.contains(['@', '/']))
            || userinfo.is_some_and(|userinfo| userinfo.contains(['[', ']']))
            || !hosts.split(',').all(is_host)
        {
            return Err(malformed);
        }
        let (mut shown, mut secrets) = (format!("{scheme}://"), Vec::new());
        if let Some(userinfo) = userinfo {
            let (user, password) = parted(userinfo, ':');
            shown.push_str(user);
            if let Some(password) = password {
                shown.push_str(":***");
                secrets.push(password);
            }
            shown.push('@');
        }
        shown.push_str(hosts);
        if let Some(database) = database {
            shown.extend(["/", database]);
        }
        let (mut parameters, mut is_after_secret) = (HashSet::new(), false);
        // libpq accepts a & at the end.
        let query_parts = query.map(|query| query.strip_suffix('&').unwrap_or(query));
        for (position, parameter) in query_parts.into_iter().flat_map(|query| query.split('&')).enumerate() {
            shown.push(if position == 0 { '?' } else { '&' });
            if query == Some("") {
                break;
            }
            let (name, value) = parameter.split_once('=').ok_or(malformed)?;
            if value.contains('=') {
                return Err(malformed);
            }
            let name = decoded(name);
            let is_secret = SECRETS.contains(&&*name);
            if !is_secret && !PARAMETERS.contains(&&*name) {
                return Err(InvalidDatabaseUrl::UnknownParameter);
            }
            // A parameter after a password may be the rest of that password, behind a & that should have been encoded.
            is_after_secret |= is_secret;
            shown.extend([&*name, "=", if is_after_secret { "***" } else { value }]);
            if is_after_secret {
                secrets.push(value);
            }
            parameters.insert(name);
        }
        let hidden = secrets.into_iter().flat_map(|secret| [secret.to_owned(), decoded(secret)]);
        // A text that is shown anyway, such as the name of the user, needs no hiding.
        let mut hidden: Vec<_> = hidden.filter(|secret| !shown.contains(&**secret)).collect();
        // Longest first, as one may contain another.
        hidden.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
        let url = format!("{scheme}://{rest}").into();
        Ok(Self { url, shown: shown.into(), hidden, parameters })
    }

    /// Parameters that are added unless the URL sets them: timeouts, and the application name.
    ///
    /// The timeouts drop a dead connection before the request times out, so that another connection can still serve it.
    /// Keepalives detect a dead machine while nothing is sent, for example while a statement waits for a lock.
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

    /// The URL for libpq, with the password, and with the default timeouts that it does not set itself.
    pub(crate) fn expose(&self, timeout: Duration) -> ConnectionString {
        let mut url = String::from(&*self.url);
        for (name, value) in Self::defaults(timeout) {
            if !self.parameters.contains(name) {
                let separator = match (url.contains('?'), url.ends_with(['?', '&'])) {
                    (false, _) => "?",
                    (true, false) => "&",
                    (true, true) => "",
                };
                url.extend([separator, name, "=", &value]);
            }
        }
        ConnectionString::new(url, self.hidden.clone())
    }
}

/// Splits at the first separator.
fn parted(text: &str, separator: char) -> (&str, Option<&str>) {
    text.split_once(separator).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// Returns true if the text after a `%` begins with the two digits of a byte. libpq refuses a zero byte.
fn is_encoded(rest: &str) -> bool {
    let digits = rest.as_bytes().get(..2);
    digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit) && digits != b"00")
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Returns true for a host with or without a port.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').map(|address| address.split_once(']')) {
        // libpq's message for an empty address would quote the whole URL.
        Some(Some(("", _))) => return false,
        Some(Some((address, ""))) => (address, ""),
        Some(Some((address, rest))) if rest.starts_with(':') => (address, &rest[1..]),
        Some(_) => return false,
        None => host.split_once(':').unwrap_or((host, "")),
    };
    !name.contains(['[', ']']) && port.bytes().all(|digit| digit.is_ascii_digit())
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
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
            ("postgres://u:a%3Fb@h", format!("postgres://u:a%3Fb@h?connect_timeout=3&{rest}")),
            ("postgres://h/d?", format!("postgres://h/d?connect_timeout=3&{rest}")),
            ("postgres://h/d?port=1&", format!("postgres://h/d?port=1&connect_timeout=3&{rest}")),
            ("postgres://h/d?connect%5Ftimeout=1", format!("postgres://h/d?connect%5Ftimeout=1&{rest}")),
            (
                "postgres://h/d?sslmode=require",
                format!("postgres://h/d?sslmode=require&connect_timeout=3&{rest}"),
            ),
            ("postgres://h/d?connect_timeout=1", format!("postgres://h/d?connect_timeout=1&{rest}")),
        ];
        for (url, exposed) in cases {
            let rest = url.strip_prefix("postgres://").unwrap();
            let parsed = PostgresUrl::parse("postgres", rest).unwrap();
            assert_eq!(parsed.expose(Duration::from_secs(5)).url(), exposed);
        }
    }
}
