//! The records of a file, each validated by the domain.

mod csv;
pub(super) mod kind;
mod lines;
mod ndjson;

use crate::cli::{Delimiter, FileFormat};
use gochat_domain::group::CreateGroup;
use std::io::{self, BufRead};

/// A record of the file.
pub(super) struct Record {
    /// Number of its first line, counted from 1.
    pub(super) line: u64,
    /// Number of bytes read from the file so far.
    pub(super) position: u64,
    /// The group to create, or the reason why the record is invalid. The reason never quotes the line, which may
    /// contain a token.
    pub(super) group: Result<CreateGroup, String>,
}

/// Reads the records of `input`. At most one line is held in memory, up to the maximum size of a request body.
pub(super) fn read<'a>(
    input: impl BufRead + 'a,
    format: FileFormat,
    delimiter: Option<Delimiter>,
) -> anyhow::Result<Box<dyn Iterator<Item = io::Result<Record>> + 'a>> {
    let lines = lines::Lines::new(kind::check(input)?);
    Ok(match format {
        FileFormat::Ndjson => Box::new(ndjson::records(lines)),
        FileFormat::Csv => Box::new(csv::records(lines, delimiter)?),
    })
}
