//! Reads of a pipe with a timeout.

use super::{LIMIT, timed_out};
use std::{
    io::{BufRead, BufReader, Read},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Instant,
};

/// The lines of a pipe or a terminal. A thread reads them, so the writing program never blocks.
///
/// # Example
/// ```
/// use gochat_test_support::deadline::Lines;
///
/// let lines = Lines::of(&b"one\ntwo\nthree"[..]);
/// assert_eq!(lines.line().as_deref(), Some("one\n"));
/// assert_eq!(lines.rest(), "two\nthree");
/// assert_eq!(lines.line(), None);
/// ```
pub struct Lines(Receiver<Vec<u8>>);

impl Lines {
    /// Starts reading.
    pub fn of(source: impl Read + Send + 'static) -> Self {
        let (lines, receiver) = channel();
        thread::spawn(move || {
            let mut source = BufReader::new(source);
            loop {
                let mut line = Vec::new();
                // An empty `line`, without even a line feed, tells the receiver that the text has ended. An error also
                // counts as the end: a terminal whose other side is closed returns an error.
                let ended = source.read_until(b'\n', &mut line).is_err() || line.is_empty();
                if lines.send(line).is_err() || ended {
                    return;
                }
            }
        });
        Self(receiver)
    }

    /// The next line with its end of line; `None` at the end.
    #[track_caller]
    pub fn line(&self) -> Option<String> {
        self.line_by(Instant::now() + LIMIT).map(text)
    }

    /// All remaining text.
    #[track_caller]
    pub fn rest(&self) -> String {
        text(self.bytes())
    }

    #[track_caller]
    pub(super) fn bytes(&self) -> Vec<u8> {
        let end = Instant::now() + LIMIT;
        let mut rest = Vec::new();
        while let Some(line) = self.line_by(end) {
            rest.extend(line);
        }
        rest
    }

    #[track_caller]
    fn line_by(&self, end: Instant) -> Option<Vec<u8>> {
        match self.0.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => Some(line).filter(|line| !line.is_empty()),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => timed_out("a line, or the end"),
        }
    }
}

#[track_caller]
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("the text is UTF-8")
}
