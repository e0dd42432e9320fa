//! Splits lines into rows, and rows into fields.

use super::{
    columns::{self, Columns},
    delimiter, quotes,
};
use crate::{
    cli::Delimiter,
    commands::files::records::{
        ColumnNames,
        lines::{Line, Lines},
    },
    wire::MAX_BYTES,
};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use std::io::{self, BufRead};

/// A row: one line, or several if a quoted field contains line breaks.
pub(super) struct Row {
    /// Number of the first line.
    pub(super) line: u64,
    /// Number of bytes read up to the end of the row.
    pub(super) position: u64,
    /// The fields, or the reason why the row is invalid.
    pub(super) fields: Result<Vec<String>, String>,
}

/// Reads the rows of a file.
pub(super) struct Rows<R> {
    lines: Lines<R>,
    names: ColumnNames,
    delimiter: Delimiter,
    /// The delimiter that the first line declares. It differs from `delimiter` only if the command line overrides it.
    declared: Delimiter,
    reader: Reader,
    output: Vec<u8>,
    ends: Vec<usize>,
}

impl<R: BufRead> Rows<R> {
    pub(super) fn new(
        lines: Lines<R>,
        names: ColumnNames,
        delimiter: Delimiter,
        declared: Delimiter,
    ) -> Self {
        // Large enough for any row: it has at most MAX_BYTES, plus the two line feeds that `fields` adds.
        let (output, ends) = (vec![0; MAX_BYTES + 16], vec![0; MAX_BYTES + 16]);
        let reader = ReaderBuilder::new().delimiter(delimiter.byte()).build();
        Self { lines, names, delimiter, declared, reader, output, ends }
    }

    /// Returns the header: the first row that has more than white space.
    pub(super) fn header(&mut self) -> io::Result<Option<Row>> {
        self.next_checked(true, |_| Ok(()))
    }

    /// Returns the next row below the header. The row is invalid if its number of fields does not fit the columns.
    pub(super) fn next_matching(&mut self, columns: &Columns) -> io::Result<Option<Row>> {
        self.next_checked(false, |fields| columns.check_count(fields))
    }

    fn next_checked(
        &mut self,
        is_header: bool,
        check_count: impl Fn(&[String]) -> Result<(), String>,
    ) -> io::Result<Option<Row>> {
        while let Some(line) = self.lines.next()? {
            // Concatenated files repeat the declaration of the delimiter.
            if let Some(declared) = line.text.as_ref().ok().and_then(|text| delimiter::declared_by(text)) {
                if declared == self.delimiter || declared == self.declared {
                    continue;
                }
                let reason = "it declares a delimiter that differs from the one used so far; import the sheets one by one";
                let Line { number: line, position, .. } = line;
                return Ok(Some(Row { line, position, fields: Err(reason.to_owned()) }));
            }
            let row = self.row(line, is_header, &check_count)?;
            if row.fields.as_ref().is_ok_and(Vec::is_empty) {
                continue;
            }
            return Ok(Some(row));
        }
        Ok(None)
    }

    /// Reads the row that begins with `line`. Returns it without fields if all of them are white space.
    ///
    /// If the row is invalid, only its first line is refused, and the following lines are read again. Otherwise one stray
    /// quote would consume the rest of the file.
    fn row(
        &mut self,
        line: Line,
        is_header: bool,
        check_count: impl Fn(&[String]) -> Result<(), String>,
    ) -> io::Result<Row> {
        let Line { number: line, mut position, text } = line;
        let mut text = match text {
            Ok(text) => text,
            Err(error) => return Ok(Row { line, position, fields: Err(error.to_string()) }),
        };
        if text.is_empty() {
            return Ok(Row { line, position, fields: Ok(Vec::new()) });
        }
        let mut following = Vec::new();
        let fields = loop {
            if let Some(fields) = self.split(&text, is_header) {
                break fields;
            }
            // A quoted field continues on the next line.
            match self.lines.next()? {
                Some(Line { text: Ok(next), number, position }) if text.len() + next.len() < MAX_BYTES => {
                    text.push(b'\n');
                    text.extend_from_slice(&next);
                    following.push(Line { number, position, text: Ok(next) });
                }
                other => {
                    following.extend(other);
                    break Err("a quote is not closed".to_owned());
                }
            }
        };
        let fields = fields.and_then(|fields| {
            if fields.iter().all(|field| field.trim().is_empty()) {
                return Ok(Vec::new());
            }
            check_count(&fields)?;
            Ok(fields)
        });
        if fields.is_err() {
            self.lines.push_back(following);
        } else if let Some(last) = following.last() {
            position = last.position;
        }
        Ok(Row { line, position, fields })
    }

    /// Splits a row into fields; `None` if a quote is still open at its end. In a header, even in a repeated one, spaces
    /// around a quoted field do not matter.
    fn split(&mut self, text: &[u8], is_header: bool) -> Option<Result<Vec<String>, String>> {
        let fields = self.fields(text)?;
        if quotes::are_valid(text, self.delimiter.byte()) {
            return Some(fields);
        }
        let trimmed = quotes::without_spaces_around(text, self.delimiter.byte());
        let is_valid = quotes::are_valid(&trimmed, self.delimiter.byte());
        let header = if is_valid { self.fields(&trimmed).and_then(Result::ok) } else { None };
        let header = header.filter(|fields| is_header || columns::has_all(fields, self.names));
        Some(header.ok_or_else(|| match fields {
            Ok(_) => "a field with a quote must be quoted, and the quote doubled".to_owned(),
            Err(reason) => reason,
        }))
    }

    /// Splits a row into fields, without a check of its quotes.
    fn fields(&mut self, text: &[u8]) -> Option<Result<Vec<String>, String>> {
        // The parser would skip a byte order mark at the start of its input, but the mark belongs to the first field. The
        // line feed before the row prevents that.
        let row = [b"\n", text, b"\n"].concat();
        self.reader.reset();
        let (result, read, _, count) = self.reader.read_record(&row, &mut self.output, &mut self.ends);
        match result {
            ReadRecordResult::InputEmpty => return None,
            ReadRecordResult::Record if read == row.len() => {}
            _ => return Some(Err("it has a carriage return outside quotes".to_owned())),
        }
        let mut start = 0;
        let fields = self.ends[..count].iter().map(|end| {
            let field = str::from_utf8(&self.output[start..*end]).map(str::to_owned);
            start = *end;
            field
        });
        Some(fields.collect::<Result<_, _>>().map_err(|_| "it is not UTF-8".to_owned()))
    }
}
