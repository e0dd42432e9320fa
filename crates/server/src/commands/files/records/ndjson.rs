//! One JSON object per line, parsed like the body of a request.

use super::{
    FileRecord, Record,
    lines::{Line, Lines},
};
use crate::wire::{InvalidRequest, Malformed};
use std::{
    io::{self, BufRead},
    iter,
};

/// Reads the records. Lines with only white space are ignored.
pub(super) fn records<T: FileRecord, R: BufRead>(
    mut lines: Lines<R>,
) -> impl Iterator<Item = io::Result<Record<T>>> {
    iter::from_fn(move || {
        loop {
            let Line { number, position, text } = match lines.next() {
                Ok(line) => line?,
                Err(error) => return Some(Err(error)),
            };
            if text.as_ref().is_ok_and(|text| text.trim_ascii().is_empty()) {
                continue;
            }
            let value = text.map_err(|error| error.to_string()).and_then(|text| value(text.trim_ascii()));
            return Some(Ok(Record { line: number, position, value }));
        }
    })
}

fn value<T: FileRecord>(text: &[u8]) -> Result<T, String> {
    T::from_json(text).map_err(|error| match error {
        // The parser's message would quote the value it found.
        InvalidRequest::Malformed(Malformed::NotAnObject(_)) if !text.starts_with(b"{") => {
            "it is not a JSON object".to_owned()
        }
        InvalidRequest::Malformed(Malformed::NotAnObject(error)) => {
            let reason = error.to_string();
            let place = format!(" at line {} column {}", error.line(), error.column());
            let reason = reason.strip_suffix(&place).unwrap_or(&reason);
            format!("it is not a JSON object: {reason}, at column {}", error.column())
        }
        other => other.to_string(),
    })
}
