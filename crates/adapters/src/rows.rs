//! Table rows, and their conversion into domain types.

mod api_key;
mod group;
mod groups_by_key;

pub(crate) use api_key::ApiKeyRow;
pub(crate) use group::{GroupRow, find_group, greatest_group_id, group_id, user_id};
pub(crate) use groups_by_key::find_groups;
