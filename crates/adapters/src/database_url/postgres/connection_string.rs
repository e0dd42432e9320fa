//! The URL for libpq, and messages of libpq without its secrets.

use crate::Fault;
use diesel::{Connection, PgConnection};
use std::fmt;

/// Quotation marks around a value in messages of PostgreSQL, in the languages that it speaks.
const QUOTES: [(&str, &str); 5] =
    [("\"", "\""), ("\u{ab}", "\u{bb}"), ("\u{bb}", "\u{ab}"), ("\u{201e}", "\u{201c}"), ("'", "'")];

/// The URL for libpq, with the password.
#[derive(Clone)]
pub(crate) struct ConnectionString {
    url: String,
    /// Secrets to replace in messages, the longest first.
    hidden: Vec<String>,
}

impl ConnectionString {
    pub(super) fn new(url: String, hidden: Vec<String>) -> Self {
        Self { url, hidden }
    }

    /// Opens a connection. The message of an error is scrubbed.
    pub(crate) fn connect(&self) -> Result<PgConnection, Fault> {
        PgConnection::establish(&self.url).map_err(|error| match error.into() {
            Fault::Unavailable(message) => Fault::Unavailable(self.scrubbed(message)),
            other => other,
        })
    }

    /// Replaces the secrets in a message. A secret directly between quotes is always replaced. Elsewhere, a secret that
    /// is short or has only letters is kept: it is probably an ordinary word of the message, and `***` in its place
    /// would reveal that the word is the password.
    fn scrubbed(&self, message: String) -> String {
        self.hidden.iter().filter(|secret| !secret.is_empty()).fold(message, |message, secret| {
            let is_word = secret.bytes().all(|byte| byte.is_ascii_alphabetic());
            if secret.len() >= 4 && !is_word {
                return message.replace(&**secret, "***");
            }
            QUOTES.iter().fold(message, |message, (open, close)| {
                message.replace(&format!("{open}{secret}{close}"), &format!("{open}***{close}"))
            })
        })
    }

    #[cfg(test)]
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl fmt::Debug for ConnectionString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use crate::DatabaseUrl;
    use std::time::Duration;

    #[test]
    fn a_message_of_libpq_has_no_secret() {
        // libpq quotes the value, which may be the rest of a password with an unencoded &.
        for (url, quoted) in [
            ("postgres:///d?password=a&port=s3cret", "\"***\""),
            ("postgres:///d?password=a&sslmode=s%33cret", "\"***\""),
            ("postgres:///d?password=a&target_session_attrs=secret", "\"***\""),
            ("postgres:///d?password=a&sslmode=se", "\"***\""),
            ("postgres:///d?port=right", "\"right\""),
        ] {
            let Ok(DatabaseUrl::Postgres(url)) = url.parse() else { panic!("{url} is refused") };
            let message = url.expose(Duration::from_secs(2)).connect().err().unwrap().to_string();
            assert!(message.contains(quoted), "{message}");
            assert!(!message.contains("cret") && !message.contains("\"se\""), "{message}");
        }
        assert_eq!(format!("{:?}", parsed("postgres://u:s3cret@h/d").expose(Duration::from_secs(2))), "***");
    }

    #[test]
    fn words_of_a_message_are_kept() {
        let connect = parsed("postgres://u:password@h/d").expose(Duration::from_secs(2));
        let message =
            "password authentication failed for user \"u\", not \"password\" or \u{ab}password\u{bb}";
        let kept = "password authentication failed for user \"u\", not \"***\" or \u{ab}***\u{bb}";
        assert_eq!(connect.scrubbed(message.to_owned()), kept);
    }

    fn parsed(url: &str) -> crate::database_url::PostgresUrl {
        let Ok(DatabaseUrl::Postgres(url)) = url.parse() else { panic!("{url} is refused") };
        url
    }
}
