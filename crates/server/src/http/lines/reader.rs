//! Splits a body into lines, with bounded memory.

use crate::wire::MAX_BYTES;
use actix_web::{
    error::PayloadError,
    web::{Bytes, BytesMut},
};
use futures_util::{Stream, StreamExt};
use memchr::memchr;
use std::mem;

/// A line that is not empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Number of the line, counted from 1. Empty lines count.
    pub(super) number: u64,
    /// The line, without its end.
    pub(super) text: Result<Bytes, TooLong>,
}

/// A line has more than [`MAX_BYTES`] bytes. It was read and not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

/// Reads lines that end with LF, CRLF or the end of the body.
pub(super) struct LineReader<P> {
    body: P,
    /// The part of the body that was received and not yet read.
    chunk: Bytes,
    /// The beginning of a line whose end has not been received.
    begun: Begun,
    number: u64,
}

/// The beginning of a line.
enum Begun {
    Kept(BytesMut),
    TooLong,
}

impl<P: Stream<Item = Result<Bytes, PayloadError>> + Unpin> LineReader<P> {
    pub(super) fn new(body: P) -> Self {
        Self { body, chunk: Bytes::new(), begun: Begun::Kept(BytesMut::new()), number: 0 }
    }

    /// Reads the next line that is not empty; `None` at the end of the body. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Result<Option<Line>, PayloadError> {
        loop {
            if let Some(line) = self.next_received() {
                return Ok(Some(line));
            }
            match self.body.next().await {
                Some(chunk) => self.chunk = chunk?,
                None => return Ok(self.last()),
            }
        }
    }

    /// Returns the next line that is not empty, if its end has been received.
    pub(super) fn next_received(&mut self) -> Option<Line> {
        while let Some(end) = memchr(b'\n', &self.chunk) {
            let part = self.chunk.split_to(end + 1).slice(..end);
            if let Some(line) = self.end_line(part) {
                return Some(line);
            }
        }
        let rest = mem::take(&mut self.chunk);
        self.keep(&rest);
        None
    }

    /// Returns the last line, if the body does not end with the end of a line.
    fn last(&mut self) -> Option<Line> {
        match &self.begun {
            Begun::Kept(kept) if kept.is_empty() => None,
            Begun::Kept(_) | Begun::TooLong => self.end_line(Bytes::new()),
        }
    }

    fn keep(&mut self, part: &[u8]) {
        if let Begun::Kept(kept) = &mut self.begun {
            // One more for a carriage return.
            if kept.len() + part.len() > MAX_BYTES + 1 {
                self.begun = Begun::TooLong;
            } else {
                kept.extend_from_slice(part);
            }
        }
    }

    /// Ends a line with its last part. Returns `None` if the line is empty.
    fn end_line(&mut self, part: Bytes) -> Option<Line> {
        self.number += 1;
        let text = match mem::replace(&mut self.begun, Begun::Kept(BytesMut::new())) {
            Begun::TooLong => return Some(Line { number: self.number, text: Err(TooLong) }),
            Begun::Kept(kept) if kept.is_empty() => part,
            Begun::Kept(mut kept) => {
                kept.extend_from_slice(&part);
                kept.freeze()
            }
        };
        let text = match text.strip_suffix(b"\r") {
            Some(line) => text.slice_ref(line),
            None => text,
        };
        if text.trim_ascii().is_empty() && text.len() <= MAX_BYTES {
            return None;
        }
        let text = if text.len() > MAX_BYTES { Err(TooLong) } else { Ok(text) };
        Some(Line { number: self.number, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, stream};

    fn lines(chunks: &[&[u8]]) -> Vec<(u64, Option<String>)> {
        let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        let mut reader = LineReader::new(stream::iter(chunks));
        let mut lines = Vec::new();
        while let Some(Line { number, text }) = reader.next().now_or_never().unwrap().unwrap() {
            let text = text.ok().map(|text| String::from_utf8(text.to_vec()).unwrap());
            lines.push((number, text));
        }
        lines
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_are_split() {
        let body = b"a\n\n b \r\n\t\r\nlast";
        let expected = [(1, "a"), (3, " b "), (5, "last")].map(|(number, text)| (number, Some(text.into())));
        for split in 0..=body.len() {
            let (first, second) = body.split_at(split);
            assert_eq!(lines(&[first, second]), expected, "{split}");
        }
        let bytes: Vec<_> = body.chunks(1).collect();
        assert_eq!(lines(&bytes), expected);
        assert_eq!(lines(&[b"a\n"]), expected[..1]);
        assert_eq!(lines(&[]), []);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_the_next_one_is_read() {
        let longest = "x".repeat(MAX_BYTES);
        for (text, end, fits) in [
            (longest.clone(), "\n", true),
            (longest.clone(), "\r\n", true),
            (format!("{longest}x"), "\n", false),
            (format!("{longest}x"), "\r\n", false),
            (" ".repeat(MAX_BYTES + 1), "\n", false),
            ("x".repeat(10 * MAX_BYTES), "\n", false),
        ] {
            let body = format!("{text}{end}next");
            let expected = [(1, fits.then_some(text)), (2, Some("next".into()))];
            for size in [1_000, MAX_BYTES, 100 * MAX_BYTES] {
                assert_eq!(lines(&body.as_bytes().chunks(size).collect::<Vec<_>>()), expected, "{size}");
            }
        }
        assert_eq!(lines(&[longest.as_bytes(), b"xx"]), [(1, None)]);
    }
}
