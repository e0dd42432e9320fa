//! Rows of the tables, and what the domain makes of them.

mod api_key;
mod group;

pub(crate) use api_key::ApiKeyRow;
pub(crate) use group::{GroupRow, find_group, group_id};
