//! Comma-separated values (RFC 4180) below a header that names the columns, as spreadsheets leave them too.
//!
//! The fields of a row are told apart by csv-core, the parser inside the crate csv. The rows are not: `csv::Reader` looks for
//! the end of a quote up to the end of the file, in memory that grows with it, so one stray quote would cost all lines below
//! it. Here it costs its own line, and a row has at most as many bytes as the body of a request. The crate also takes quotes
//! that stand out of place, and changes the field; here they are refused.

mod columns;
mod delimiter;
mod quotes;
mod rows;

use super::{Record, lines::Lines};
use crate::cli::Delimiter;
use anyhow::Context;
use columns::Columns;
use rows::{Row, Rows};
use std::{
    io::{self, BufRead},
    iter,
};

/// The records below the header. Where no delimiter is given, the file itself tells it.
pub(super) fn records<R: BufRead>(
    mut lines: Lines<R>,
    delimiter: Option<Delimiter>,
) -> anyhow::Result<impl Iterator<Item = io::Result<Record>>> {
    let declared = delimiter::take_declaration(&mut lines)?;
    let delimiter = match delimiter.or(declared) {
        Some(delimiter) => delimiter,
        None => delimiter::find(&mut lines)?,
    };
    let mut rows = Rows::new(lines, delimiter);
    let header = rows.next()?.context("the file is empty: its first line must be name,token,admin_id")?;
    let place = format!("line {}", header.line);
    let header = header.fields.map_err(anyhow::Error::msg).with_context(|| place.clone())?;
    let columns = Columns::read(&header).context(place)?;
    Ok(iter::from_fn(move || {
        loop {
            let Row { line, position, fields } = match rows.next_matching(&columns) {
                Ok(row) => row?,
                Err(error) => return Some(Err(error)),
            };
            // Of files that were joined, each has the header.
            if fields.as_ref().is_ok_and(|fields| *fields == header) {
                continue;
            }
            let group = fields.and_then(|fields| columns.group(&fields));
            return Some(Ok(Record { line, position, group }));
        }
    }))
}

#[cfg(test)]
mod tests;
