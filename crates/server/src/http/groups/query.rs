//! The query parameters of `GET /v1/group`.

use crate::http::{error::ApiError, page::PageQuery, query::Pairs};
use gochat_domain::group::{GroupId, GroupKey};

/// The groups that a query selects.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Query {
    /// One group.
    One(GroupKey),
    /// A page of groups.
    Page(PageQuery<GroupId>),
}

/// Parses a query. The first of `limit`, `id`, `uuid` and `name` that is not empty decides.
pub(super) fn parse(query: &str) -> Result<Query, ApiError> {
    let pairs = Pairs::of(query);
    if !pairs.has("limit")
        && let Some(key) = pairs.group_key()?
    {
        return Ok(Query::One(key));
    }
    PageQuery::parse(&pairs, GroupId::parse).map(Query::Page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gochat_domain::{group::GroupName, page::PageSize};

    fn page(after: Option<i64>, size: u16) -> Query {
        let after = after.map(|id| GroupId::new(id).unwrap());
        Query::Page(PageQuery { after, size: PageSize::new(size).unwrap() })
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
    fn a_lookup_selects_the_same_group_as_a_list_query() {
        for query in ["id=5", "name=g&uuid=x&id=5", "limit=&id=&uuid=&name=a+b%26c", "name=%zz%"] {
            let key = Pairs::of(query).required_group_key().unwrap();
            assert_eq!(parse(query).unwrap(), Query::One(key), "{query}");
        }
    }
}
