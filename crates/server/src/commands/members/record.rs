//! A membership on a line of a file.

use crate::{
    commands::files::records::{ColumnNames, FileRecord},
    wire::{InvalidRequest, Membership},
};

impl FileRecord for Membership {
    const COLUMNS: ColumnNames =
        ColumnNames { required: &["group_id", "user_id"], optional: &["group_name"] };

    fn from_json(line: &[u8]) -> Result<Self, InvalidRequest> {
        Self::parse(line)
    }

    fn from_row<'a>(field: impl Fn(&str) -> &'a str) -> Result<Self, InvalidRequest> {
        Self::parse_row(Self::FIELDS.map(field))
    }
}
