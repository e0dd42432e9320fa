//! The records of a file, one by one, each with what the domain says of it.

mod csv;
pub(super) mod kind;
mod lines;
mod ndjson;

use crate::cli::{Delimiter, FileFormat};
use gochat_domain::group::CreateGroup;
use std::io::{self, BufRead};

/// What stands on one line that is not empty.
pub(super) struct Record {
    /// The number of the line, from 1 up.
    pub(super) line: u64,
    /// How many bytes of the file have been read.
    pub(super) position: u64,
    /// The group to create, or why there is none. The reason never quotes the line, as that may hold a token.
    pub(super) group: Result<CreateGroup, String>,
}

/// Reads `input`, a line of which is kept in memory up to the size that the body of a request may have.
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
