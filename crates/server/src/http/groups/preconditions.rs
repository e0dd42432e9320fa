//! Versions of groups as entity tags: `ETag`, `If-Match` and `If-None-Match` (RFC 9110, sections 8.8.3 and 13.1).
//!
//! The types `IfMatch` and `IfNoneMatch` of actix-web are not used: they split tags at commas, and leave out what is not
//! a tag, so that a malformed header would look like a well-formed one.

use crate::http::error::ApiError;
use actix_web::http::header::{ETag, EntityTag, HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};
use gochat_domain::group::{Expected, Version};

/// Description of `If-Match`.
pub(super) const IF_MATCH_DESCRIPTION: &str = "`*`, or a list of the versions to change, as `ETag` gave them. If the group has another version, it is not changed";

/// Description of `If-None-Match`.
pub(super) const IF_NONE_MATCH_DESCRIPTION: &str =
    "`*`, or a list of versions, as `ETag` gave them. If the group has one of them, the reply is 304";

/// The entity tag of a version.
pub(super) fn etag(version: Version) -> ETag {
    ETag(EntityTag::new_strong(version.get().to_string()))
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

/// The entity tags of a header.
#[derive(Debug, PartialEq, Eq)]
enum Tags {
    Any,
    Listed(Vec<Tag>),
}

/// An entity tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tag {
    is_weak: bool,
    /// The version with this tag; `None` if the tag is not one of this service.
    version: Option<Version>,
}

impl Tags {
    /// The versions of the listed tags that `matches` accepts.
    fn versions(self, matches: fn(&Tag) -> bool) -> Expected {
        match self {
            Self::Any => Expected::Any,
            Self::Listed(tags) => {
                Expected::OneOf(tags.into_iter().filter(matches).filter_map(|tag| tag.version).collect())
            }
        }
    }
}

/// Returns the tags that were sent in the header `name`, if any.
fn sent(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, ApiError> {
    let lines: Vec<_> = headers.get_all(name).map(|line| line.as_bytes()).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    // Several lines are one list (RFC 9110, section 5.3).
    parse(&lines.join(&b", "[..])).map(Some).ok_or_else(ApiError::malformed_entity_tags)
}

/// Parses `*` or a list, whose elements may be empty (RFC 9110, section 5.6.1.2); `None` if it is malformed.
fn parse(value: &[u8]) -> Option<Tags> {
    if value.trim_ascii() == b"*" {
        return Some(Tags::Any);
    }
    let mut tags = Vec::new();
    let mut rest = value.trim_ascii_start();
    while !rest.is_empty() {
        if !rest.starts_with(b",") {
            let tag;
            (tag, rest) = parse_tag(rest)?;
            tags.push(tag);
            rest = rest.trim_ascii_start();
        }
        rest = match rest {
            [] => rest,
            [b',', rest @ ..] => rest.trim_ascii_start(),
            _ => return None,
        };
    }
    Some(Tags::Listed(tags))
}

/// Parses a tag, and returns the bytes after it.
fn parse_tag(bytes: &[u8]) -> Option<(Tag, &[u8])> {
    let (is_weak, quoted) = bytes.strip_prefix(b"W/").map_or((false, bytes), |quoted| (true, quoted));
    let opaque = quoted.strip_prefix(b"\"")?;
    let end = opaque.iter().position(|byte| *byte == b'"')?;
    let (opaque, rest) = (&opaque[..end], &opaque[end + 1..]);
    let is_well_formed = opaque.iter().all(|byte| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..));
    is_well_formed.then(|| (Tag { is_weak, version: parse_version(opaque) }, &rest[..]))
}

/// Returns the version whose tag has exactly these bytes.
fn parse_version(opaque: &[u8]) -> Option<Version> {
    let number: i64 = str::from_utf8(opaque).ok()?.parse().ok()?;
    let version = Version::new(number).ok()?;
    (number.to_string().as_bytes() == opaque).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn version(number: i64) -> Version {
        Version::new(number).unwrap()
    }

    fn tag(number: i64) -> Tag {
        Tag { is_weak: false, version: Version::new(number).ok() }
    }

    #[test]
    fn a_header_is_an_asterisk_or_a_list_of_tags() {
        let foreign = Tag { is_weak: false, version: None };
        let weak = Tag { is_weak: true, ..tag(3) };
        let cases: [(&[u8], Tags); 16] = [
            (b"*", Tags::Any),
            (b" *\t", Tags::Any),
            (b"", Tags::Listed(vec![])),
            (b" , ,", Tags::Listed(vec![])),
            (br#""3""#, Tags::Listed(vec![tag(3)])),
            (br#"W/"3""#, Tags::Listed(vec![weak])),
            (br#""3","4" , W/"3""#, Tags::Listed(vec![tag(3), tag(4), weak])),
            (br#",, "3",, "4","#, Tags::Listed(vec![tag(3), tag(4)])),
            (br#""9223372036854775807""#, Tags::Listed(vec![tag(i64::MAX)])),
            (br#""9223372036854775808""#, Tags::Listed(vec![foreign])),
            (br#""03""#, Tags::Listed(vec![foreign])),
            (br#""+3","-3","0","3.0","""#, Tags::Listed(vec![foreign; 5])),
            (br#""a,b","*","W/""#, Tags::Listed(vec![foreign; 3])),
            (br#""33a64df551425fcc55e4d42a148795d9f25f89d4""#, Tags::Listed(vec![foreign])),
            (b"\"\xff\"", Tags::Listed(vec![foreign])),
            (br#"W/"x", "3""#, Tags::Listed(vec![Tag { is_weak: true, version: None }, tag(3)])),
        ];
        for (value, tags) in cases {
            assert_eq!(parse(value), Some(tags), "{}", value.escape_ascii());
        }
    }

    #[test]
    fn anything_else_is_malformed() {
        let malformed: [&[u8]; 14] = [
            b"3",
            br#""3"#,
            br#"3""#,
            br#"w/"3""#,
            br#"W "3""#,
            br#"W/ "3""#,
            b"W/",
            br#""3" "4""#,
            br#""3";"4""#,
            br#"*, "3""#,
            b"*,*",
            br#""3", x"#,
            br#""a b""#,
            b"\"a\x7f\"",
        ];
        for value in malformed {
            assert_eq!(parse(value), None, "{}", value.escape_ascii());
        }
    }

    #[test]
    fn several_lines_are_one_list_and_only_strong_tags_are_expected() {
        let mut headers = HeaderMap::new();
        assert_eq!(expected(&headers).unwrap(), Expected::Any);
        assert_eq!(known(&headers).unwrap(), Expected::OneOf(vec![]));
        for name in [IF_MATCH, IF_NONE_MATCH] {
            headers.append(name.clone(), HeaderValue::from_static(r#""3", W/"4""#));
            headers.append(name, HeaderValue::from_static(r#""5""#));
        }
        assert_eq!(expected(&headers).unwrap(), Expected::OneOf(vec![version(3), version(5)]));
        assert_eq!(known(&headers).unwrap(), Expected::OneOf(vec![version(3), version(4), version(5)]));
        headers.append(IF_MATCH, HeaderValue::from_static("*"));
        assert_eq!(
            expected(&headers).unwrap_err().to_string(),
            "If-Match and If-None-Match must each be * or a list of entity tags"
        );
    }
}
