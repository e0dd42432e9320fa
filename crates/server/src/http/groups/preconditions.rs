//! Versions of groups as entity tags: `ETag`, `If-Match` and `If-None-Match` (RFC 9110, sections 8.8.3 and 13.1).
//!
//! The types `IfMatch` and `IfNoneMatch` of actix-web are not used: they split tags at commas, and leave out what is not
//! a tag, so that a malformed header would look like a well-formed one.

mod tags;

use crate::http::error::ApiError;
use actix_web::http::header::{ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use gochat_domain::group::{Expected, Version};
use tags::Tags;

/// Description of `If-Match`.
pub(super) const IF_MATCH_DESCRIPTION: &str =
    "`*`, or a list of versions, as `ETag` gave them. If the group has another version, nothing is changed";

/// Description of `If-None-Match`.
pub(super) const IF_NONE_MATCH_DESCRIPTION: &str =
    "`*`, or a list of versions, as `ETag` gave them. If the group has one of them, the reply is 304";

/// The header with the entity tag of a version.
pub(super) fn etag(version: Version) -> (HeaderName, HeaderValue) {
    let first = HeaderValue::from_static(r#""1""#);
    if version == Version::FIRST {
        // Every create replies with this tag, so it is made without an allocation.
        return (ETAG, first);
    }
    // A number in quotes is always a valid header value.
    (ETAG, HeaderValue::try_from(format!(r#""{}""#, version.get())).unwrap_or(first))
}

/// Returns the versions to which `If-Match` restricts a write. Weak tags match none (RFC 9110, section 13.1.1).
pub(super) fn expected(headers: &HeaderMap) -> Result<Expected, ApiError> {
    let tags = sent(headers, &IF_MATCH)?.unwrap_or(Tags::Any);
    Ok(tags.versions(|tag| !tag.is_weak))
}

/// Returns the versions that the client has, as `If-None-Match` tells. Weak tags match too (RFC 9110, section 13.1.2).
pub(super) fn known(headers: &HeaderMap) -> Result<Expected, ApiError> {
    let tags = sent(headers, &IF_NONE_MATCH)?.unwrap_or(Tags::Listed(Vec::new()));
    Ok(tags.versions(|_| true))
}

/// Returns the tags that were sent in the header `name`, if any.
fn sent(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, ApiError> {
    let lines: Vec<_> = headers.get_all(name).map(HeaderValue::as_bytes).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    // Several lines are one list (RFC 9110, section 5.3).
    Tags::parse(&lines.join(&b", "[..])).map(Some).ok_or_else(ApiError::malformed_entity_tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(numbers: &[i64]) -> Expected {
        Expected::OneOf(numbers.iter().map(|number| Version::new(*number).unwrap()).collect())
    }

    #[test]
    fn several_lines_are_one_list_and_only_strong_tags_are_expected() {
        let mut headers = HeaderMap::new();
        assert_eq!(expected(&headers).unwrap(), Expected::Any);
        assert_eq!(known(&headers).unwrap(), versions(&[]));
        for name in [IF_MATCH, IF_NONE_MATCH] {
            headers.append(name.clone(), HeaderValue::from_static(r#""3", W/"4""#));
            headers.append(name, HeaderValue::from_static(r#""5""#));
        }
        assert_eq!(expected(&headers).unwrap(), versions(&[3, 5]));
        assert_eq!(known(&headers).unwrap(), versions(&[3, 4, 5]));
        headers.append(IF_MATCH, HeaderValue::from_static("*"));
        assert_eq!(
            expected(&headers).unwrap_err().to_string(),
            "If-Match and If-None-Match must each be * or a list of entity tags"
        );
    }
}
