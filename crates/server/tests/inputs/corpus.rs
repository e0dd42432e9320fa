//! Inputs near the edge of validity. Each line of a file is a percent-encoded input.

use percent_encoding::percent_decode_str;

pub const BODIES: &str = include_str!("corpus/bodies.txt");
pub const CHANGES: &str = include_str!("corpus/changes.txt");
pub const JOINS: &str = include_str!("corpus/joins.txt");
pub const ENTITY_TAGS: &str = include_str!("corpus/entity_tags.txt");
pub const HEADERS: &str = include_str!("corpus/headers.txt");
pub const QUERIES: &str = include_str!("corpus/queries.txt");
pub const NDJSON: &str = include_str!("corpus/ndjson.txt");
pub const CSV: &str = include_str!("corpus/csv.txt");
pub const MEMBERS_NDJSON: &str = include_str!("corpus/members_ndjson.txt");
pub const MEMBERS_CSV: &str = include_str!("corpus/members_csv.txt");
pub const SETTINGS: &str = include_str!("corpus/settings.txt");
pub const PASSWORDS: &str = include_str!("corpus/passwords.txt");
pub const BEHIND_PASSWORDS: &str = include_str!("corpus/behind_passwords.txt");

/// Decodes the inputs of a file.
pub fn inputs(file: &str) -> Vec<Vec<u8>> {
    file.lines().map(|line| percent_decode_str(line).collect()).collect()
}
