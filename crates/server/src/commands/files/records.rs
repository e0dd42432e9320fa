//! The records of a file, each validated by the domain.

mod csv;
pub(super) mod kind;
mod lines;
mod ndjson;

use crate::{
    cli::{Delimiter, FileFormat},
    wire::InvalidRequest,
};
use std::io::{self, BufRead};

/// A value parsed from a line of NDJSON or a row of CSV.
pub(in crate::commands) trait FileRecord: Sized + Send + 'static {
    /// Columns of CSV. Further columns are ignored.
    const COLUMNS: ColumnNames;

    /// Parses a line of NDJSON.
    fn from_json(line: &[u8]) -> Result<Self, InvalidRequest>;

    /// Builds the value of a row of CSV. `field` returns the field in a column, which is empty if the file lacks the
    /// column.
    fn from_row<'a>(field: impl Fn(&str) -> &'a str) -> Result<Self, InvalidRequest>;
}

/// The names of columns of CSV.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands) struct ColumnNames {
    /// Columns that a file must have.
    pub(in crate::commands) required: &'static [&'static str],
    /// Columns that a file may have.
    pub(in crate::commands) optional: &'static [&'static str],
}

impl ColumnNames {
    /// Returns all names.
    fn iter(self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional).copied()
    }
}

/// A record of the file.
pub(super) struct Record<T> {
    /// Number of its first line, counted from 1.
    pub(super) line: u64,
    /// Number of bytes read from the file so far.
    pub(super) position: u64,
    /// The value, or the reason why the record is invalid. The reason never quotes the line, which may contain a token.
    pub(super) value: Result<T, String>,
}

/// Reads the records of `input`. A record is limited to the size of a request body.
pub(super) fn read<'a, T: FileRecord>(
    input: impl BufRead + 'a,
    format: FileFormat,
    delimiter: Option<Delimiter>,
) -> anyhow::Result<Box<dyn Iterator<Item = io::Result<Record<T>>> + 'a>> {
    let lines = lines::Lines::new(kind::check(input)?);
    Ok(match format {
        FileFormat::Ndjson => Box::new(ndjson::records(lines)),
        FileFormat::Csv => Box::new(csv::records(lines, delimiter)?),
    })
}
