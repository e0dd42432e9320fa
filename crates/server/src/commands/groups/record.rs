//! A group on a line of a file.

use crate::{
    commands::files::records::{ColumnNames, FileRecord},
    wire::{self, InvalidRequest},
};
use gochat_domain::group::CreateGroup;

impl FileRecord for CreateGroup {
    const COLUMNS: ColumnNames = ColumnNames { required: &["name", "token", "admin_id"], optional: &[] };

    fn from_json(line: &[u8]) -> Result<Self, InvalidRequest> {
        wire::parse_create(line)
    }

    fn from_row<'a>(field: impl Fn(&str) -> &'a str) -> Result<Self, InvalidRequest> {
        Ok(Self {
            name: wire::name(Some(field("name").into()))?,
            token: wire::token(Some(field("token").into()))?,
            // Spaces are significant in names and tokens, but not around a number.
            admin_id: wire::admin_id(field("admin_id").trim())?,
        })
    }
}
