//! A group as JSON.

use gochat_domain::group::Group;
use serde::{Serialize, Serializer};
use std::fmt::Display;
use utoipa::ToSchema;

/// A group, as it is stored.
// In the order of the API page.
#[derive(Serialize, ToSchema)]
#[schema(as = Group)]
pub(crate) struct GroupBody<'a> {
    /// Never used again, also after a delete.
    #[schema(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    id: i64,
    /// Version 7, minted by the service.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = Uuid)]
    uuid: &'a dyn Display,
    /// In Unicode's Normalisation Form C.
    #[schema(min_length = 1, max_length = 63)]
    name: &'a str,
    #[schema(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    admin_id: i64,
    /// As it was sent.
    #[schema(min_length = 1, max_length = 63)]
    token: &'a str,
    /// RFC 3339 in UTC, with six decimals.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, format = DateTime)]
    created_at: &'a dyn Display,
}

impl<'a> From<&'a Group> for GroupBody<'a> {
    fn from(group: &'a Group) -> Self {
        Self {
            id: group.id.get(),
            uuid: &group.uuid,
            name: group.name.as_str(),
            admin_id: group.admin_id.get(),
            token: group.token.as_str(),
            created_at: &group.created_at,
        }
    }
}

fn as_text<S: Serializer>(value: &dyn Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
