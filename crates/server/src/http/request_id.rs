//! The id of a request, which the client and the log share.

use super::headers::{GOCHAT_TOKEN, X_REQUEST_ID};
use actix_web::http::header::{HeaderMap, HeaderValue};
use gochat_adapters::DEVELOPMENT_KEY;
use gochat_domain::{
    auth::ApiKey,
    clock::{Clock, SystemClock},
};
use uuid::Uuid;

/// The id of a request, in the request's extensions.
pub(super) struct RequestId(pub(super) HeaderValue);

/// Returns the request id that the client sent, if it is safe to log; otherwise a new one.
pub(super) fn from_headers(headers: &HeaderMap) -> HeaderValue {
    match headers.get(X_REQUEST_ID) {
        Some(id) if is_valid(id.as_bytes()) && !reveals_key(id, headers) => id.clone(),
        _ => mint(),
    }
}

fn is_valid(id: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    (1..=64).contains(&id.len()) && id.iter().all(allowed)
}

/// Returns true if logging the id could reveal an API key: the id contains the prefix of keys or the development key, the
/// id contains the sent key, or the sent key contains the id. The last two count only if the contained text has 8 or more
/// characters.
fn reveals_key(id: &HeaderValue, headers: &HeaderMap) -> bool {
    let Ok(id) = id.to_str() else { return true };
    let overlaps = |sent: &HeaderValue| {
        let is_part = |whole: &str, part: &str| part.len() >= 8 && whole.contains(part);
        sent.to_str().is_ok_and(|sent| is_part(sent, id) || is_part(id, sent))
    };
    id.contains(ApiKey::PREFIX) || id.contains(DEVELOPMENT_KEY) || headers.get_all(GOCHAT_TOKEN).any(overlaps)
}

/// Generates a new id.
pub(super) fn mint() -> HeaderValue {
    let mut buffer = Uuid::encode_buffer();
    let id = SystemClock.now().mint_uuid().hyphenated().encode_lower(&mut buffer);
    // Hexadecimal digits and hyphens are always a valid header value.
    HeaderValue::from_str(id).unwrap_or(HeaderValue::from_static("none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_for(sent: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, sent.parse().unwrap());
        from_headers(&headers).to_str().unwrap().to_owned()
    }

    #[test]
    fn an_id_that_reveals_the_sent_key_is_replaced() {
        let mut headers = HeaderMap::new();
        headers.insert(GOCHAT_TOKEN, HeaderValue::from_static("somebodys-old-key"));
        for (sent, kept) in [
            ("somebodys-old-key", false),
            ("bodys-old", false),
            ("the-somebodys-old-key", false),
            ("old", true),
        ] {
            headers.insert(X_REQUEST_ID, HeaderValue::from_static(sent));
            assert_eq!(from_headers(&headers).to_str().unwrap() == sent, kept, "{sent}");
        }
    }

    #[test]
    fn an_id_that_shares_only_a_few_characters_with_the_key_is_kept() {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_static("abc-1"));
        for key in ["", "a", "abc-1"] {
            headers.insert(GOCHAT_TOKEN, HeaderValue::from_static(key));
            assert_eq!(from_headers(&headers), "abc-1", "{key}");
        }
    }

    #[test]
    fn a_valid_id_is_kept_and_any_other_is_replaced() {
        let longest = "x".repeat(64);
        for sent in ["a", "A-z_0.9", &longest] {
            assert_eq!(id_for(sent), sent);
        }
        let minted = ApiKey::mint().unwrap();
        let key = minted.expose();
        for sent in [&key[..64], &format!("x-{}", &key[..20]), DEVELOPMENT_KEY] {
            assert_ne!(id_for(sent), sent);
        }
        for sent in ["", "a b", "a/b", "{}", &"x".repeat(65)] {
            assert_eq!(Uuid::parse_str(&id_for(sent)).unwrap().get_version_num(), 7, "{sent:?}");
        }
    }
}
