//! Values without their secrets, for messages and for `gochat config`.

use gochat_adapters::DatabaseUrl;

/// Schemes that a message may show if the URL is invalid. Any other text before `://` may be a part of a password.
const SHOWN_SCHEMES: [&str; 8] =
    ["sqlite", "postgres", "postgresql", "mysql", "mariadb", "file", "jdbc:postgresql", "jdbc:sqlite"];

/// Removes the password from a database URL. Of an invalid URL only a known scheme is kept.
pub(super) fn redact(url: &str) -> String {
    url.parse::<DatabaseUrl>().map_or_else(|_| scheme_of(url), |url| url.to_string())
}

/// Returns the scheme of a URL if it is a known one, and nothing else of the URL.
pub(super) fn scheme_of(url: &str) -> String {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    match scheme.filter(|scheme| SHOWN_SCHEMES.contains(scheme)) {
        Some(scheme) => format!("{scheme}://…"),
        None => "…".to_owned(),
    }
}

/// Returns true if a value may be the URL of a database server, set in the wrong place.
pub(super) fn may_have_password(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    value.contains("postgres") && (value.contains('@') || value.contains("password"))
}
