//! The delimiter, as the file itself tells it.

use super::columns::KNOWN;
use crate::{cli::Delimiter, commands::groups::records::lines::Lines};
use anyhow::Context;
use std::io::{self, BufRead};

/// The delimiters that are looked for. Where a header fits several equally well, the first is taken.
const CANDIDATES: [Delimiter; 3] = [Delimiter::COMMA, Delimiter::SEMICOLON, Delimiter::TAB];

/// Reads a first line like `sep=;`, by which spreadsheets tell each other the delimiter.
pub(super) fn take_declaration<R: BufRead>(lines: &mut Lines<R>) -> anyhow::Result<Option<Delimiter>> {
    let Some(line) = lines.next()? else { return Ok(None) };
    let declared = line.text.as_ref().ok().and_then(|text| declared(text));
    let Some(declared) = declared else {
        lines.push_back(vec![line]);
        return Ok(None);
    };
    let delimiter = match declared {
        // A spreadsheet that wrote the line again may have filled it up with empty cells.
        [byte, rest @ ..] if rest.iter().all(|other| other == byte) => Delimiter::new(*byte).ok(),
        _ => None,
    };
    let delimiter = delimiter
        .with_context(|| format!("line {}: sep= names no delimiter, like sep=; does", line.number))?;
    Ok(Some(delimiter))
}

/// The text behind `sep=`, on a line that may be quoted.
fn declared(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let (word, rest) = line.split_at_checked(4)?;
    word.eq_ignore_ascii_case(b"sep=").then_some(rest)
}

/// Finds the delimiter by which the most known columns stand in the header, the first line with other than delimiters.
pub(super) fn find<R: BufRead>(lines: &mut Lines<R>) -> io::Result<Delimiter> {
    while let Some(line) = lines.next()? {
        if let Some(found) = line.text.as_ref().map_or(Some(Delimiter::COMMA), |text| of_header(text)) {
            lines.push_back(vec![line]);
            return Ok(found);
        }
    }
    Ok(Delimiter::COMMA)
}

/// The delimiter of a header; `None` for a line with nothing between delimiters.
fn of_header(line: &[u8]) -> Option<Delimiter> {
    let is_blank = line.iter().all(|byte| b",;\t ".contains(byte));
    let count = |delimiter: &Delimiter| {
        line.split(|byte| *byte == delimiter.byte()).filter(|column| is_known(column)).count()
    };
    // The last of the greatest is taken.
    CANDIDATES.into_iter().rev().max_by_key(count).filter(|_| !is_blank)
}

fn is_known(column: &[u8]) -> bool {
    let column = column.trim_ascii();
    let column = column.strip_prefix(b"\"").and_then(|column| column.strip_suffix(b"\"")).unwrap_or(column);
    KNOWN.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(column.trim_ascii()))
}
