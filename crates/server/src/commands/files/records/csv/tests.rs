//! Tests with the CSV that people send.

mod delimiter;
mod header;
mod joined_files;
mod random;
mod rows;

use super::*;
use gochat_domain::group::CreateGroup;

fn groups(
    lines: Lines<&[u8]>,
    delimiter: Option<Delimiter>,
) -> anyhow::Result<impl Iterator<Item = io::Result<Record<CreateGroup>>>> {
    records(lines, delimiter)
}

/// Returns the line and the name of each group, or the reason why it is invalid.
fn read(input: &str) -> Vec<(u64, Result<String, String>)> {
    read_by(None, input)
}

fn read_by(delimiter: Option<Delimiter>, input: &str) -> Vec<(u64, Result<String, String>)> {
    groups(Lines::new(input.as_bytes()), delimiter)
        .unwrap()
        .map(Result::unwrap)
        .map(|record| (record.line, record.value.map(|group| group.name.as_str().to_owned())))
        .collect()
}

fn group(line: u64, name: &str) -> (u64, Result<String, String>) {
    (line, Ok(name.to_owned()))
}

fn refused(line: u64, reason: &str) -> (u64, Result<String, String>) {
    (line, Err(reason.to_owned()))
}
