//! The query parameters of `GET /v1/group` and `GET /v1/group_lookup`.

use crate::http::error::ApiError;
use gochat_domain::{
    group::{GroupId, GroupKey, GroupName},
    page::PageSize,
};
use percent_encoding::percent_decode_str;
use std::str::Utf8Error;
use uuid::fmt::Hyphenated;

/// The groups that a query selects.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Query {
    /// One group.
    One(GroupKey),
    /// A page of the groups after `after`.
    Page { after: Option<GroupId>, size: PageSize },
}

/// Parses a query. The first of `limit`, `id`, `uuid` and `name` that is not empty decides.
pub(super) fn parse(query: &str) -> Result<Query, ApiError> {
    let pairs = Pairs::of(query);
    if pairs.given("limit").is_none()
        && let Some(key) = pairs.key()?
    {
        return Ok(Query::One(key));
    }
    let size = pairs.number("limit").map_or_else(|| Ok(PageSize::default()), PageSize::parse);
    let after = pairs.number("after").map(GroupId::parse).transpose();
    Ok(Query::Page { size: size?, after: after.map_err(|_| ApiError::invalid_after())? })
}

/// Parses a query for one group. The first of `id`, `uuid` and `name` that is not empty decides.
pub(super) fn parse_key(query: &str) -> Result<GroupKey, ApiError> {
    Pairs::of(query).key()?.ok_or_else(ApiError::lookup_without_a_key)
}

/// The decoded key-value pairs of a query.
struct Pairs(Vec<(Vec<u8>, Vec<u8>)>);

impl Pairs {
    fn of(query: &str) -> Self {
        Self(query.split('&').filter_map(|pair| pair.split_once('=')).map(decode).collect())
    }

    /// Returns the first non-empty value of the parameter `name`.
    fn given(&self, name: &str) -> Option<Result<&str, Utf8Error>> {
        let mut values = self.0.iter().filter(|(key, _)| key == name.as_bytes()).map(|(_, value)| value);
        values.find(|value| !value.is_empty()).map(|value| str::from_utf8(value))
    }

    /// Returns the text of a number. Text that is not UTF-8 becomes empty, which is not a number.
    fn number(&self, name: &str) -> Option<&str> {
        self.given(name).map(Result::unwrap_or_default)
    }

    /// Returns the first of `id`, `uuid` and `name` that is given.
    fn key(&self) -> Result<Option<GroupKey>, ApiError> {
        if let Some(id) = self.number("id") {
            return Ok(Some(GroupKey::Id(GroupId::parse(id)?)));
        }
        if let Some(uuid) = self.number("uuid") {
            let uuid: Hyphenated = uuid.parse().map_err(|_| ApiError::invalid_uuid())?;
            return Ok(Some(GroupKey::Uuid(uuid.into())));
        }
        let Some(name) = self.given("name") else { return Ok(None) };
        let name = name.map_err(|_| ApiError::name_is_not_utf8())?;
        Ok(Some(GroupKey::Name(GroupName::parse_existing(name)?)))
    }
}

/// Decodes a form-encoded pair (WHATWG URL, section 5.1) to bytes, so that invalid UTF-8 can be detected.
fn decode((key, value): (&str, &str)) -> (Vec<u8>, Vec<u8>) {
    let bytes = |text: &str| percent_decode_str(&text.replace('+', " ")).collect();
    (bytes(key), bytes(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(after: Option<i64>, size: u16) -> Query {
        Query::Page { after: after.map(|id| GroupId::new(id).unwrap()), size: PageSize::new(size).unwrap() }
    }

    fn id(id: i64) -> Query {
        Query::One(GroupKey::Id(GroupId::new(id).unwrap()))
    }

    fn name(name: &str) -> Query {
        Query::One(GroupKey::Name(GroupName::parse_existing(name).unwrap()))
    }

    #[test]
    fn the_first_parameter_that_is_not_empty_decides() {
        let uuid = "0199aaaa-0000-7000-8000-000000000001";
        let cases = [
            ("", page(None, 100)),
            ("limit=7", page(None, 7)),
            ("after=3", page(Some(3), 100)),
            ("name=g&uuid=x&id=x&limit=7", page(None, 7)),
            ("name=g&uuid=x&id=5", id(5)),
            (
                "name=%20&uuid=0199aaaa-0000-7000-8000-000000000001",
                Query::One(GroupKey::Uuid(uuid.parse().unwrap())),
            ),
            ("limit=&id=&uuid=&name=a+b%26c", name("a b&c")),
            ("limit=&id=&uuid=&name=&other=x", page(None, 100)),
            ("id=&id=5", id(5)),
            ("&id&=&=1&id=5&&", id(5)),
            ("%69d=%35", id(5)),
            ("name=%zz%", name("%zz%")),
            ("name=%ef%bf%bd", name("\u{fffd}")),
        ];
        for (query, meant) in cases {
            assert_eq!(parse(query).unwrap(), meant, "{query}");
        }
    }

    #[test]
    fn a_lookup_selects_the_same_group_as_a_list_query_and_ignores_the_limit() {
        for query in ["id=5", "name=g&uuid=x&id=5", "limit=&id=&uuid=&name=a+b%26c", "name=%zz%"] {
            let Query::One(key) = parse(query).unwrap() else { panic!("{query}") };
            assert_eq!(parse_key(query).unwrap(), key, "{query}");
        }
        assert_eq!(Query::One(parse_key("limit=7&id=5").unwrap()), id(5));
        for query in ["", "limit=7", "id=&uuid=&name=", "id"] {
            assert_eq!(parse_key(query).unwrap_err().to_string(), "one of id, uuid and name must be given");
        }
    }
}
