//! One JSON object per line, parsed like the body of a request.

use super::{
    Record,
    lines::{Line, Lines},
};
use crate::wire::{self, InvalidRequest, Malformed};
use gochat_domain::group::CreateGroup;
use std::{
    io::{self, BufRead},
    iter,
};

/// Reads the records. Lines with only white space are ignored.
pub(super) fn records<R: BufRead>(mut lines: Lines<R>) -> impl Iterator<Item = io::Result<Record>> {
    iter::from_fn(move || {
        loop {
            let Line { number, position, text } = match lines.next() {
                Ok(line) => line?,
                Err(error) => return Some(Err(error)),
            };
            if text.as_ref().is_ok_and(|text| text.trim_ascii().is_empty()) {
                continue;
            }
            let group = text.map_err(|error| error.to_string()).and_then(|text| group(text.trim_ascii()));
            return Some(Ok(Record { line: number, position, group }));
        }
    })
}

fn group(text: &[u8]) -> Result<CreateGroup, String> {
    wire::parse_create(text).map_err(|error| match error {
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
