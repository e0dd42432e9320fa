//! Reads lines with bounded memory.

use std::{
    collections::VecDeque,
    io::{self, BufRead, ErrorKind},
};

use crate::wire::MAX_BYTES;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A line, without its line break.
pub(super) struct Line {
    /// Number of the line, counted from 1.
    pub(super) number: u64,
    /// Number of bytes read up to its end.
    pub(super) position: u64,
    /// Content of the line.
    pub(super) text: Result<Vec<u8>, TooLong>,
}

/// Error for a line of more than [`MAX_BYTES`] bytes, which was skipped.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("it has more than {MAX_BYTES} bytes")]
pub(super) struct TooLong;

/// Reads lines that end with LF, CRLF or the end of the input.
///
/// A byte order mark at the start of any line is removed, because concatenated files have one at the start of each
/// file.
pub(super) struct Lines<R> {
    input: R,
    number: u64,
    position: u64,
    pushed_back: VecDeque<Line>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, number: 0, position: 0, pushed_back: VecDeque::new() }
    }

    /// Returns the next line.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.pushed_back.pop_front() {
            return Ok(Some(line));
        }
        let Some(mut text) = self.read()? else { return Ok(None) };
        self.number += 1;
        if text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len());
        }
        if text.last() == Some(&b'\r') {
            text.pop();
        }
        let text = if text.len() > MAX_BYTES { Err(TooLong) } else { Ok(text) };
        Ok(Some(Line { number: self.number, position: self.position, text }))
    }

    /// Pushes lines back, to be read again.
    pub(super) fn push_back(&mut self, lines: Vec<Line>) {
        for line in lines.into_iter().rev() {
            self.pushed_back.push_front(line);
        }
    }

    /// Reads up to a line feed or the end. Keeps just enough of an overlong line to recognise it.
    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        const KEPT: usize = BYTE_ORDER_MARK.len() + MAX_BYTES + "\r".len() + 1;
        let (mut line, start) = (Vec::new(), self.position);
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                return Ok((self.position > start).then_some(line));
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            line.extend_from_slice(&part[..part.len().min(KEPT - line.len())]);
            let taken = part.len() + usize::from(end.is_some());
            self.input.consume(taken);
            self.position += taken as u64;
            if end.is_some() {
                return Ok(Some(line));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn lines(input: &[u8]) -> Vec<(u64, Option<usize>)> {
        // Chunks of 2 bytes, so that line breaks are split across chunks.
        let mut lines = Lines::new(BufReader::with_capacity(2, input));
        std::iter::from_fn(|| lines.next().unwrap())
            .map(|line| (line.position, line.text.ok().map(|text| text.len())))
            .collect()
    }

    #[test]
    fn lines_end_with_lf_or_crlf_or_the_input() {
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"\n"), [(1, Some(0))]);
        assert_eq!(lines(b"a\r\n\nbc"), [(3, Some(1)), (4, Some(0)), (6, Some(2))]);
        assert_eq!(lines(b"\xef\xbb\xbfa\n\xef\xbb\xbf"), [(5, Some(1)), (8, Some(0))]);
        assert_eq!(
            lines(b"a\n\xef\xbb\xbfb\n\xef\xbb\xbf\xef\xbb\xbf"),
            [(2, Some(1)), (7, Some(1)), (13, Some(3))]
        );
    }

    #[test]
    fn a_line_may_have_16_kib_without_its_line_break() {
        let text = |bytes: usize| "x".repeat(bytes);
        let longest = format!("\u{feff}{}\r\n", text(MAX_BYTES));
        assert_eq!(lines(longest.as_bytes())[0].1, Some(MAX_BYTES));
        for bytes in [MAX_BYTES + 1, MAX_BYTES + 2, 3 * MAX_BYTES] {
            assert_eq!(
                lines(format!("{}\na", text(bytes)).as_bytes()),
                [(bytes as u64 + 1, None), (bytes as u64 + 2, Some(1))]
            );
            assert_eq!(lines(format!("\u{feff}{}\r\n", text(bytes)).as_bytes())[0].1, None);
        }
    }
}
