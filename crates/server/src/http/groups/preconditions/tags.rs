//! Lists of entity tags.

use gochat_domain::group::{Expected, Version};

/// The entity tags of a header.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tags {
    Any,
    Listed(Vec<Tag>),
}

/// An entity tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) is_weak: bool,
    /// The version with this tag; `None` if the tag is not one of this service.
    version: Option<Version>,
}

impl Tags {
    /// Parses `*` or a list, whose elements may be empty (RFC 9110, section 5.6.1.2); `None` if it is malformed.
    pub(super) fn parse(value: &[u8]) -> Option<Self> {
        if value.trim_ascii() == b"*" {
            return Some(Self::Any);
        }
        let (mut tags, mut rest) = (Vec::new(), skip_empty_elements(value));
        while !rest.is_empty() {
            let (tag, after) = parse_tag(rest)?;
            tags.push(tag);
            rest = skip_empty_elements(after);
            let is_separated = after.trim_ascii_start().starts_with(b",");
            if !rest.is_empty() && !is_separated {
                return None;
            }
        }
        Some(Self::Listed(tags))
    }

    /// The versions of the listed tags that `matches` accepts.
    pub(super) fn versions(self, matches: fn(&Tag) -> bool) -> Expected {
        match self {
            Self::Any => Expected::Any,
            Self::Listed(tags) => {
                Expected::OneOf(tags.into_iter().filter(matches).filter_map(|tag| tag.version).collect())
            }
        }
    }
}

/// Skips commas, and the white space around them.
fn skip_empty_elements(list: &[u8]) -> &[u8] {
    let end = list.iter().position(|byte| !b", \t".contains(byte)).unwrap_or(list.len());
    &list[end..]
}

/// Parses a tag, and returns the bytes after it.
fn parse_tag(bytes: &[u8]) -> Option<(Tag, &[u8])> {
    let (is_weak, quoted) = bytes.strip_prefix(b"W/").map_or((false, bytes), |quoted| (true, quoted));
    let opaque = quoted.strip_prefix(b"\"")?;
    let end = opaque.iter().position(|byte| *byte == b'"')?;
    let (opaque, rest) = (&opaque[..end], &opaque[end + 1..]);
    let is_well_formed = opaque.iter().all(|byte| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..));
    is_well_formed.then(|| (Tag { is_weak, version: parse_version(opaque) }, rest))
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
            assert_eq!(Tags::parse(value), Some(tags), "{}", value.escape_ascii());
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
            assert_eq!(Tags::parse(value), None, "{}", value.escape_ascii());
        }
    }
}
