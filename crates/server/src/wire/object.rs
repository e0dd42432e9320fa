//! JSON objects of which some keys are known.

use super::{InvalidRequest, Malformed};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::HashSet, fmt};

/// Maximum nesting of arrays and objects in a field.
const MAX_DEPTH: usize = 128;

/// Parses an object, and returns the values of `keys`, each exactly as it was sent. Other keys are ignored, but no key
/// may occur twice.
pub(super) fn parse<'a, const N: usize>(
    json: &'a [u8],
    keys: [&str; N],
) -> Result<[Option<&'a RawValue>; N], InvalidRequest> {
    let json = decode(json).map_err(InvalidRequest::Malformed)?;
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let values = Known(keys).deserialize(&mut deserializer);
    let values = values.and_then(|values| deserializer.end().map(|()| values));
    values.map_err(|error| InvalidRequest::Malformed(Malformed::NotAnObject(error)))
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

/// The known keys.
struct Known<'k, const N: usize>([&'k str; N]);

impl<'de, const N: usize> DeserializeSeed<'de> for Known<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Known<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = [None; N];
        let mut others = HashSet::new();
        while let Some(Key(key)) = map.next_key()? {
            let value: &RawValue = map.next_value()?;
            if is_too_deep(value.get()) {
                return Err(A::Error::custom("it is nested too deeply"));
            }
            let is_new = match self.0.iter().zip(&mut values).find(|(known, _)| **known == key) {
                Some((_, slot)) => slot.replace(value).is_none(),
                None => others.insert(key),
            };
            if !is_new {
                return Err(A::Error::custom("it has a key twice"));
            }
        }
        Ok(values)
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
    fn values_are_found_by_their_keys_and_null_is_a_value() {
        let values = parse(br#"{"n\u0061me":1,"other":2,"b":null}"#, ["a", "b", "name"]).unwrap();
        assert_eq!(values.map(|value| value.map(RawValue::get)), [None, Some("null"), Some("1")]);
    }
}
