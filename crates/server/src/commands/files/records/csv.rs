//! Comma-separated values with a header (RFC 4180), in the variants that spreadsheets write.
//!
//! The crate `csv_core` splits a row into fields, but this module finds the rows. `csv::Reader` would search for a
//! closing quote up to the end of the file, in growing memory, so one stray quote would lose every line after it. Here
//! it loses one line, and a row is limited to the size of a request body. `csv_core` also accepts misplaced quotes, and
//! then alters the field. This module rejects them.

mod columns;
mod delimiter;
mod quotes;
mod rows;

use super::{FileRecord, Record, lines::Lines};
use crate::cli::Delimiter;
use anyhow::Context;
use columns::Columns;
use rows::{Row, Rows};
use std::{
    io::{self, BufRead},
    iter,
};

/// Reads the records below the header. Without `delimiter`, the delimiter is detected.
pub(super) fn records<T: FileRecord, R: BufRead>(
    mut lines: Lines<R>,
    delimiter: Option<Delimiter>,
) -> anyhow::Result<impl Iterator<Item = io::Result<Record<T>>>> {
    let declared = delimiter::take_declaration(&mut lines)?;
    let delimiter = match delimiter.or(declared) {
        Some(delimiter) => delimiter,
        None => delimiter::detect(&mut lines, T::COLUMNS)?,
    };
    let mut rows = Rows::new(lines, T::COLUMNS, delimiter, declared.unwrap_or(delimiter));
    let is_empty = || format!("the file is empty: its first line must be {}", T::COLUMNS.required.join(","));
    let header = rows.header()?.with_context(is_empty)?;
    let place = format!("line {}", header.line);
    let header = header.fields.map_err(anyhow::Error::msg).with_context(|| place.clone())?;
    let columns = Columns::read(&header, T::COLUMNS).context(place)?;
    Ok(iter::from_fn(move || {
        loop {
            let Row { line, position, fields } = match rows.next_matching(&columns) {
                Ok(row) => row?,
                Err(error) => return Some(Err(error)),
            };
            // Concatenated files repeat the header.
            if fields.as_ref().is_ok_and(|fields| columns.is_header(fields)) {
                continue;
            }
            let value = fields.and_then(|fields| columns.value(&fields));
            return Some(Ok(Record { line, position, value }));
        }
    }))
}

#[cfg(test)]
mod tests;
