//! The id under which a request is known to its sender and in the log.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header that carries it, both ways.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The caller's id, where it is one that may stand in a log; else a new one.
pub(super) fn of(headers: &HeaderMap) -> HeaderValue {
    match headers.get(X_REQUEST_ID) {
        Some(id) if is_valid(id.as_bytes()) => id.clone(),
        _ => mint(),
    }
}

fn is_valid(id: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    (1..=64).contains(&id.len()) && id.iter().all(allowed)
}

/// A new id.
pub(super) fn mint() -> HeaderValue {
    let mut buffer = Uuid::encode_buffer();
    let id = Uuid::now_v7().hyphenated().encode_lower(&mut buffer);
    // Hexadecimal digits and hyphens are always a header's value.
    HeaderValue::from_str(id).unwrap_or(HeaderValue::from_static("none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_for(sent: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, sent.parse().unwrap());
        of(&headers).to_str().unwrap().to_owned()
    }

    #[test]
    fn a_good_id_is_kept_and_any_other_is_replaced_by_a_new_one() {
        let longest = "x".repeat(64);
        for sent in ["a", "A-z_0.9", &longest] {
            assert_eq!(id_for(sent), sent);
        }
        for sent in ["", "a b", "a/b", "{}", &"x".repeat(65)] {
            assert_eq!(Uuid::parse_str(&id_for(sent)).unwrap().get_version_num(), 7, "{sent:?}");
        }
    }
}
