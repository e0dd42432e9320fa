//! A group as JSON.

use gochat_domain::group::Group;
use serde::{Serialize, Serializer};
use std::fmt::Display;

/// The six fields, in the order of the API page.
#[derive(Serialize)]
pub(crate) struct GroupBody<'a> {
    id: i64,
    #[serde(serialize_with = "as_text")]
    uuid: &'a dyn Display,
    name: &'a str,
    admin_id: i64,
    token: &'a str,
    #[serde(serialize_with = "as_text")]
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
