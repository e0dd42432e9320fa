//! Comma-separated values (RFC 4180) below a header that names the columns.

use super::{
    Record,
    lines::{Line, Lines, MAX_BYTES},
};
use crate::wire::{self, InvalidRequest};
use anyhow::{Context, bail};
use csv_core::{ReadRecordResult, Reader};
use gochat_domain::group::CreateGroup;
use std::{
    collections::HashSet,
    io::{self, BufRead},
    iter,
};

/// Where the columns are that the service knows.
struct Columns {
    count: usize,
    name: usize,
    token: usize,
    admin_id: usize,
}

impl Columns {
    /// Reads the header. Other columns are passed over, but no name may stand twice, as in a JSON object.
    fn read(header: &[String]) -> anyhow::Result<Self> {
        let mut names = HashSet::new();
        if let Some(twice) = header.iter().find(|name| !names.insert(*name)) {
            bail!("the header has the column {twice:?} twice");
        }
        let place = |column: &str| {
            let place = header.iter().position(|name| name == column);
            place.with_context(|| format!("the header lacks the column {column}"))
        };
        Ok(Self {
            count: header.len(),
            name: place("name")?,
            token: place("token")?,
            admin_id: place("admin_id")?,
        })
    }

    fn group(&self, fields: &[String]) -> Result<CreateGroup, String> {
        let group = || -> Result<_, InvalidRequest> {
            Ok(CreateGroup {
                name: wire::name(Some((&*fields[self.name]).into()))?,
                token: wire::token(Some((&*fields[self.token]).into()))?,
                admin_id: wire::admin_id(&fields[self.admin_id])?,
            })
        };
        group().map_err(|error| error.to_string())
    }
}

/// The records below the header.
pub(super) fn records<R: BufRead>(
    lines: Lines<R>,
) -> anyhow::Result<impl Iterator<Item = io::Result<Record>>> {
    let mut rows = Rows::new(lines);
    let header = rows.next(None)?.context("the file is empty: its first line must be name,token,admin_id")?;
    let place = format!("line {}", header.line);
    let header = header.fields.map_err(anyhow::Error::msg).with_context(|| place.clone())?;
    let columns = Columns::read(&header).context(place)?;
    Ok(iter::from_fn(move || {
        let Row { line, position, fields } = match rows.next(Some(columns.count)) {
            Ok(row) => row?,
            Err(error) => return Some(Err(error)),
        };
        Some(Ok(Record { line, position, group: fields.and_then(|fields| columns.group(&fields)) }))
    }))
}

/// What stands on a line, or on several where a quoted field has line breaks.
struct Row {
    line: u64,
    position: u64,
    fields: Result<Vec<String>, String>,
}

/// Splits lines into fields.
struct Rows<R> {
    lines: Lines<R>,
    reader: Reader,
    output: Vec<u8>,
    ends: Vec<usize>,
}

impl<R: BufRead> Rows<R> {
    fn new(lines: Lines<R>) -> Self {
        // Neither can fill up, as a row has at most MAX_BYTES with its last line feed and the quote that ends it.
        let (output, ends) = (vec![0; MAX_BYTES + 16], vec![0; MAX_BYTES + 16]);
        Self { lines, reader: Reader::new(), output, ends }
    }

    /// The next row that is not an empty line, with as many fields as `count` says.
    ///
    /// Where there is none because of a quote that opens and is not closed, the first line alone is lost: such a quote
    /// would take all that follows with it.
    fn next(&mut self, count: Option<usize>) -> io::Result<Option<Row>> {
        let Line { number: line, mut position, text } = loop {
            match self.lines.next()? {
                Some(line) if line.text.as_ref().is_ok_and(Vec::is_empty) => {}
                Some(line) => break line,
                None => return Ok(None),
            }
        };
        let mut text = match text {
            Ok(text) => text,
            Err(error) => return Ok(Some(Row { line, position, fields: Err(error.to_string()) })),
        };
        let mut following = Vec::new();
        let fields = loop {
            if let Some(fields) = self.split(&text) {
                break fields;
            }
            // A quoted field goes on behind the end of the line.
            match self.lines.next()? {
                Some(Line { text: Ok(next), number, position }) if text.len() + next.len() < MAX_BYTES => {
                    text.push(b'\n');
                    text.extend_from_slice(&next);
                    following.push(Line { number, position, text: Ok(next) });
                }
                other => {
                    following.extend(other);
                    break Err("a quote is opened and not closed".to_owned());
                }
            }
        };
        let fields = fields.and_then(|fields| match count {
            Some(count) if count != fields.len() => {
                Err(format!("it has {} fields, the header {count}", fields.len()))
            }
            _ => Ok(fields),
        });
        if fields.is_err() {
            self.lines.give_back(following);
        } else if let Some(last) = following.last() {
            position = last.position;
        }
        Ok(Some(Row { line, position, fields }))
    }

    /// The fields of a row, or `None` where a quote is still open at its end.
    fn split(&mut self, text: &[u8]) -> Option<Result<Vec<String>, String>> {
        let refused = |reason: &str| Some(Err(reason.to_owned()));
        // The reader would take a byte order mark from the very beginning, but a name may begin with one.
        let row = [b"\n", text, b"\n"].concat();
        self.reader.reset();
        let (result, read, _, count) = self.reader.read_record(&row, &mut self.output, &mut self.ends);
        match result {
            ReadRecordResult::InputEmpty => return None,
            ReadRecordResult::Record if read == row.len() => {}
            _ => return refused("it has a carriage return outside of quotes"),
        }
        if !quotes_are_in_order(text) {
            return refused("a quote is not doubled, or stands outside of quotes");
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

/// Whether each quote opens a field, is doubled in it or closes it. The reader takes others too, and changes the field.
fn quotes_are_in_order(row: &[u8]) -> bool {
    enum At {
        Start,
        Bare,
        Quoted,
        Closed,
    }
    let mut at = At::Start;
    for byte in row {
        at = match (at, byte) {
            (At::Quoted, b'"') => At::Closed,
            (At::Quoted, _) | (At::Start | At::Closed, b'"') => At::Quoted,
            (_, b',') => At::Start,
            (At::Bare, b'"') | (At::Closed, _) => return false,
            (At::Start | At::Bare, _) => At::Bare,
        };
    }
    !matches!(at, At::Quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line and the name of each group, or why there is none.
    fn read(input: &str) -> Vec<(u64, Result<String, String>)> {
        records(Lines::new(input.as_bytes()))
            .unwrap()
            .map(Result::unwrap)
            .map(|record| (record.line, record.group.map(|group| group.name.as_str().to_owned())))
            .collect()
    }

    fn group(line: u64, name: &str) -> (u64, Result<String, String>) {
        (line, Ok(name.to_owned()))
    }

    fn refused(line: u64, reason: &str) -> (u64, Result<String, String>) {
        (line, Err(reason.to_owned()))
    }

    #[test]
    fn quotes_hold_commas_quotes_and_line_breaks() {
        let input = "note,admin_id,token,name\r\n\r\n\
            \"one\r\n\"\"two\"\"\r\n\r\n\",1,t,\"a, \"\"b\"\"\"\r\n\
            ,\"2\",t,c";
        assert_eq!(read(input), [group(3, "a, \"b\""), group(7, "c")]);
    }

    #[test]
    fn a_quote_that_is_not_closed_costs_one_line() {
        let input = "name,token,admin_id\n\"a,t,1\nb,t,1\nc,\"t,t\",1\nd,t,1\n\"e,t,1";
        assert_eq!(
            read(input),
            [
                refused(2, "a quote is not doubled, or stands outside of quotes"),
                group(3, "b"),
                group(4, "c"),
                group(5, "d"),
                refused(6, "a quote is opened and not closed"),
            ]
        );
        let long = format!("name,token,admin_id\n\"a,t,1\n{}", "b,t,1\n".repeat(MAX_BYTES / 6 + 1));
        let read = read(&long);
        assert_eq!(read[0], refused(2, "a quote is opened and not closed"));
        assert_eq!((read.len(), &read[1]), (MAX_BYTES / 6 + 2, &group(3, "b")));
    }

    #[test]
    fn what_is_no_record_is_refused() {
        let reason = |row: &str| read(&format!("name,token,admin_id\n{row}\n")).remove(0).1.unwrap_err();
        assert_eq!(reason("a,t"), "it has 2 fields, the header 3");
        assert_eq!(reason("a,t,1,"), "it has 4 fields, the header 3");
        assert_eq!(reason("a\rb,t,1"), "it has a carriage return outside of quotes");
        for row in [
            "a\"b,t,1",
            "c\"d\"e,t,1",
            "a\"\"b,t,1",
            "a\"\",t,1",
            " \"a\",t,1",
            "\"a\"b,t,1",
            "\"a\" ,t,1",
            "\"a\"b\"\",t,1",
        ] {
            assert_eq!(reason(row), "a quote is not doubled, or stands outside of quotes", "{row}");
        }
        assert_eq!(reason("\"a\nb\",t,1"), "name must not contain control characters");
        assert_eq!(reason("a,,1"), "token must not be empty");
        assert_eq!(reason("a,t,x"), "admin_id must be an integer from 1 to 9223372036854775807");
        assert_eq!(reason(&"x".repeat(MAX_BYTES + 1)), "it has more than 16384 bytes");
        assert_eq!(reason(&",".repeat(MAX_BYTES)), "it has 16385 fields, the header 3");
    }

    #[test]
    fn the_header_has_each_column_once() {
        let error = |header: &str| format!("{:#}", records(Lines::new(header.as_bytes())).err().unwrap());
        assert_eq!(error(""), "the file is empty: its first line must be name,token,admin_id");
        assert_eq!(error("\nname,token\na,t"), "line 2: the header lacks the column admin_id");
        assert_eq!(error("name,x,token,x,admin_id"), "line 1: the header has the column \"x\" twice");
        assert_eq!(error("\"name,token"), "line 1: a quote is opened and not closed");
        assert!(read("\u{feff}token,admin_id,uuid,name\n").is_empty());
    }
}
