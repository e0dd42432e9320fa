//! The query of `GET /v1/group`: which groups are meant.

use crate::http::error::{ApiError, Code};
use gochat_domain::group::{GroupId, GroupKey, GroupName, PageSize};
use percent_encoding::percent_decode_str;
use uuid::fmt::Hyphenated;

/// Which groups are meant.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) enum Query {
    /// One group.
    One(GroupKey),
    /// Those that follow `after`.
    Page { after: Option<GroupId>, size: PageSize },
}

/// Reads a query. Of `limit`, `id`, `uuid` and `name`, the first that is given decides; what is empty is not given.
pub(in crate::http) fn parse(query: &str) -> Result<Query, ApiError> {
    let pairs: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).map(decode).collect();
    let given = |name: &str| {
        let mut values = pairs.iter().filter(|(key, _)| key == name.as_bytes()).map(|(_, value)| value);
        values.find(|value| !value.is_empty()).map(|value| str::from_utf8(value))
    };
    let invalid = |code, reason: &dyn ToString| ApiError::new(code, reason.to_string());
    // What is no text is no number either.
    let number = |name: &str| given(name).map(Result::unwrap_or_default);
    if given("limit").is_none() {
        if let Some(id) = number("id") {
            let id = GroupId::parse(id).map_err(|error| invalid(Code::InvalidId, &error))?;
            return Ok(Query::One(GroupKey::Id(id)));
        }
        if let Some(uuid) = number("uuid") {
            let uuid: Hyphenated = uuid
                .parse()
                .map_err(|_| invalid(Code::InvalidUuid, &"uuid must be a UUID, with its hyphens"))?;
            return Ok(Query::One(GroupKey::Uuid(uuid.into())));
        }
        if let Some(name) = given("name") {
            let name = name.map_err(|_| invalid(Code::InvalidName, &"name must be UTF-8"))?;
            let name = GroupName::parse_existing(name).map_err(|error| invalid(Code::InvalidName, &error))?;
            return Ok(Query::One(GroupKey::Name(name)));
        }
    }
    let size = number("limit").map_or_else(|| Ok(PageSize::default()), PageSize::parse);
    let after = number("after").map(GroupId::parse).transpose();
    Ok(Query::Page {
        size: size.map_err(|error| invalid(Code::InvalidLimit, &error))?,
        after: after.map_err(|_| {
            invalid(Code::InvalidAfter, &"after must be an integer from 1 to 9223372036854775807")
        })?,
    })
}

/// A pair as a form writes it (WHATWG URL, section 5.1), in bytes: what is no UTF-8 must be told from what is.
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
        Query::One(GroupKey::Name(GroupName::parse(name).unwrap()))
    }

    #[test]
    fn the_first_that_is_given_decides() {
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
}
