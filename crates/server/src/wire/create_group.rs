//! The request to create a group: parses JSON into [`CreateGroup`].

use gochat_domain::{
    group::{CreateGroup, GroupName, GroupToken},
    user::UserId,
};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::HashSet, fmt};
use utoipa::ToSchema;

/// Maximum nesting of arrays and objects in a field.
const MAX_DEPTH: usize = 128;

/// Reason to reject a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidRequest {
    /// The body is not a JSON object.
    #[error("{0}")]
    Malformed(Malformed),
    /// The name is missing or breaks a rule.
    #[error("{0}")]
    Name(Cow<'static, str>),
    /// The token is missing or breaks a rule.
    #[error("{0}")]
    Token(Cow<'static, str>),
    /// The administrator's id is missing or breaks a rule.
    #[error("{0}")]
    AdminId(Cow<'static, str>),
}

/// Reason why a text is not a readable JSON object.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Malformed {
    /// The text begins with U+FEFF, which JSON must not have (RFC 8259, section 8.1).
    #[error("it begins with a byte order mark (EF BB BF)")]
    ByteOrderMark,
    /// The text begins with the byte order mark of UTF-16.
    #[error("it is UTF-16, not UTF-8")]
    Utf16,
    /// The text begins with the byte order mark of UTF-32.
    #[error("it is UTF-32, not UTF-8")]
    Utf32,
    /// The bytes are not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// The text is not JSON, or not an object. The error may quote the value that was found.
    #[error("{0}")]
    NotAnObject(serde_json::Error),
}

/// Parses a request. The error tells malformed JSON from an invalid field.
pub(crate) fn parse(json: &[u8]) -> Result<CreateGroup, InvalidRequest> {
    let json = decode(json).map_err(InvalidRequest::Malformed)?;
    let fields: Fields = serde_json::from_str(json)
        .map_err(|error| InvalidRequest::Malformed(Malformed::NotAnObject(error)))?;
    Ok(CreateGroup {
        name: name(text(fields.name))?,
        token: token(text(fields.token))?,
        admin_id: admin_id(&digits(fields.admin_id))?,
    })
}

/// Decodes the bytes as UTF-8.
fn decode(json: &[u8]) -> Result<&str, Malformed> {
    match json {
        [0xef, 0xbb, 0xbf, ..] => Err(Malformed::ByteOrderMark),
        // Checked first: in little-endian order, UTF-32 begins with the byte order mark of UTF-16.
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Err(Malformed::Utf32),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(Malformed::Utf16),
        _ => str::from_utf8(json).map_err(|_| Malformed::NotUtf8),
    }
}

/// Parses the name; `None` means that the field is missing or not a string.
pub(crate) fn name(field: Option<Cow<'_, str>>) -> Result<GroupName, InvalidRequest> {
    let text = field.ok_or(InvalidRequest::Name("name must be a string".into()))?;
    GroupName::parse(text).map_err(|error| InvalidRequest::Name(error.to_string().into()))
}

/// Parses the token; `None` means that the field is missing or not a string.
pub(crate) fn token(field: Option<Cow<'_, str>>) -> Result<GroupToken, InvalidRequest> {
    let text = field.ok_or(InvalidRequest::Token("token must be a string".into()))?;
    GroupToken::parse(text).map_err(|error| InvalidRequest::Token(error.to_string().into()))
}

/// Parses the administrator's id, given as digits.
pub(crate) fn admin_id(digits: &str) -> Result<UserId, InvalidRequest> {
    let error = "admin_id must be an integer from 1 to 9223372036854775807";
    UserId::parse(digits).map_err(|_| InvalidRequest::AdminId(error.into()))
}

/// Returns the digits of a JSON integer or of a string. GoChat's public API documentation has an integer in its example,
/// and a string in its type column.
fn digits(field: Option<&RawValue>) -> Cow<'_, str> {
    text(field).or_else(|| field.map(|raw| raw.get().into())).unwrap_or_default()
}

/// Returns the field's text if it is a string of Unicode scalar values. A lone surrogate like `\ud800` is not one (RFC
/// 8259, section 8.2).
fn text(field: Option<&RawValue>) -> Option<Cow<'_, str>> {
    let raw = field?.get();
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(raw).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// The fields of a request. Unknown fields are ignored, but no key may occur twice.
// Raw values, each exactly as it was sent.
#[derive(Default, ToSchema)]
#[schema(as = CreateGroup)]
pub(crate) struct Fields<'a> {
    /// 1 to 63 Unicode scalar values after NFC normalisation; no control characters, no white space at either end, no
    /// U+FEFF, no noncharacters, and no bidirectional embeddings, overrides or isolates; at least one visible
    /// character.
    #[schema(value_type = String, required = true, min_length = 1)]
    name: Option<&'a RawValue>,
    /// 1 to 63 Unicode scalar values, no control characters; kept byte for byte.
    #[schema(value_type = String, required = true, min_length = 1, max_length = 63)]
    token: Option<&'a RawValue>,
    /// The id of a user in the identity service. The service does not check that the user exists. A string of digits
    /// is accepted too, for clients that cannot represent 64-bit integers.
    #[schema(value_type = i64, required = true, minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    admin_id: Option<&'a RawValue>,
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields::default();
        let mut others = HashSet::new();
        while let Some(Key(key)) = map.next_key()? {
            let value: &RawValue = map.next_value()?;
            if is_too_deep(value.get()) {
                return Err(A::Error::custom("it is nested too deeply"));
            }
            let is_new = match &*key {
                "name" => fields.name.replace(value).is_none(),
                "token" => fields.token.replace(value).is_none(),
                "admin_id" => fields.admin_id.replace(value).is_none(),
                _ => others.insert(key),
            };
            if !is_new {
                return Err(A::Error::custom("it has a key twice"));
            }
        }
        Ok(fields)
    }
}

/// A key of an object, borrowed from the body if it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// Returns true if a valid JSON text nests arrays and objects deeper than [`MAX_DEPTH`].
fn is_too_deep(json: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_count_as_depth() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(!is_too_deep(&nested(MAX_DEPTH)));
        assert!(is_too_deep(&nested(MAX_DEPTH + 1)));
        assert!(!is_too_deep(&format!(r#"["\"{}"]"#, "[".repeat(1000))));
    }

    #[test]
    fn escapes_in_keys_and_values_are_decoded() {
        let request = parse(br#"{"n\u0061me":"\u0067","token":"\"","admin_id":"\u0031"}"#).unwrap();
        assert_eq!((request.name.as_str(), request.token.as_str(), request.admin_id.get()), ("g", "\"", 1));
    }
}
