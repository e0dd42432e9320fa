//! Detection of the delimiter.

use crate::{
    cli::Delimiter,
    commands::files::records::{ColumnNames, lines::Lines},
};
use anyhow::Context;
use std::io::{self, BufRead};

/// Delimiters that are detected. If several fit the header equally well, the first wins.
const CANDIDATES: [Delimiter; 3] = [Delimiter::COMMA, Delimiter::SEMICOLON, Delimiter::TAB];

/// Reads a first line like `sep=;`, which some spreadsheets write to declare the delimiter.
pub(super) fn take_declaration<R: BufRead>(lines: &mut Lines<R>) -> anyhow::Result<Option<Delimiter>> {
    let Some(line) = lines.next()? else { return Ok(None) };
    let declared = line.text.as_ref().ok().and_then(|text| strip_sep(text));
    let Some(declared) = declared else {
        lines.push_back(vec![line]);
        return Ok(None);
    };
    let delimiter = parse_declared(declared)
        .with_context(|| format!("line {}: sep= must be followed by a delimiter, like sep=;", line.number))?;
    Ok(Some(delimiter))
}

/// Returns the delimiter that a line like `sep=;` declares.
pub(super) fn declared_by(line: &[u8]) -> Option<Delimiter> {
    strip_sep(line).and_then(parse_declared)
}

/// Parses the text after `sep=`.
fn parse_declared(declared: &[u8]) -> Option<Delimiter> {
    match declared {
        // A spreadsheet that saved the file again may have padded the line with empty cells.
        [byte, rest @ ..] if rest.iter().all(|other| other == byte) => Delimiter::new(*byte).ok(),
        _ => None,
    }
}

/// Returns the text after `sep=`. The line may be quoted.
fn strip_sep(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let (word, rest) = line.split_at_checked(4)?;
    word.eq_ignore_ascii_case(b"sep=").then_some(rest)
}

/// Returns the delimiter that yields the most known columns in the header. Lines with only delimiters are skipped.
pub(super) fn detect<R: BufRead>(lines: &mut Lines<R>, names: ColumnNames) -> io::Result<Delimiter> {
    while let Some(line) = lines.next()? {
        if let Some(found) =
            line.text.as_ref().map_or(Some(Delimiter::COMMA), |text| header_delimiter(text, names))
        {
            lines.push_back(vec![line]);
            return Ok(found);
        }
    }
    Ok(Delimiter::COMMA)
}

/// Returns the delimiter of a header; `None` for a line with only delimiters and spaces.
fn header_delimiter(line: &[u8], names: ColumnNames) -> Option<Delimiter> {
    let is_blank = line.iter().all(|byte| b",;\t ".contains(byte));
    let count = |delimiter: &Delimiter| {
        line.split(|byte| *byte == delimiter.byte()).filter(|column| is_known(column, names)).count()
    };
    // `max_by_key` returns the last maximum, so the order is reversed.
    CANDIDATES.into_iter().rev().max_by_key(count).filter(|_| !is_blank)
}

fn is_known(column: &[u8], names: ColumnNames) -> bool {
    let column = column.trim_ascii();
    let column = column.strip_prefix(b"\"").and_then(|column| column.strip_suffix(b"\"")).unwrap_or(column);
    names.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(column.trim_ascii()))
}
