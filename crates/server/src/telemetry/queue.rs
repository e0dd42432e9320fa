//! The bounded queue of log lines.

use super::{
    DroppedLines,
    batch_writer::{BatchWriter, END_OF_LOG},
};
use std::{
    io::Write,
    mem,
    sync::mpsc::{Receiver, channel},
    time::Duration,
};
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};

/// Maximum number of queued lines; further lines are dropped. A busy server writes this many in about a second, and
/// they take a few megabytes.
const CAPACITY: usize = 16_384;

/// Longest wait for the writer at the end.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// A queue of log lines, with a writer on a thread of its own.
pub(super) struct LogQueue {
    sender: NonBlocking,
    writer: WorkerGuard,
    ended: Receiver<()>,
    dropped: DroppedLines,
}

impl LogQueue {
    /// Starts the writer.
    pub(super) fn to(out: impl Write + Send + 'static) -> Self {
        Self::with(CAPACITY, out)
    }

    fn with(capacity: usize, out: impl Write + Send + 'static) -> Self {
        let (end, ended) = channel();
        let failed = DroppedLines::default();
        let batches = BatchWriter::to(out, failed.clone(), end);
        let (sender, writer) =
            NonBlockingBuilder::default().buffered_lines_limit(capacity).thread_name("log").finish(batches);
        let dropped = failed.with_overflow_counter(sender.error_counter());
        Self { sender, writer, ended, dropped }
    }

    /// Returns the sending side, which never blocks.
    pub(super) fn sender(&self) -> NonBlocking {
        self.sender.clone()
    }

    /// Returns the counter of lines that the full queue rejected or that could not be written.
    pub(super) fn dropped(&self) -> DroppedLines {
        self.dropped.clone()
    }

    /// Waits until all lines are written, at most [`FLUSH_TIMEOUT`]: the writer may be blocked by its reader.
    pub(super) fn end(mut self) {
        // If the queue is full, the marker is lost and the wait lasts until the timeout.
        let _marked = self.sender.write_all(END_OF_LOG);
        let _written = self.ended.recv_timeout(FLUSH_TIMEOUT);
        // Dropping the guard would wait again. With a full queue it would also print to standard output, which may be
        // blocked too.
        mem::forget(self.writer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io,
        sync::{Arc, Mutex},
        time::Instant,
    };

    /// A shared buffer.
    #[derive(Clone, Default)]
    struct Text(Arc<Mutex<Vec<u8>>>);

    impl Write for Text {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn all_lines_are_written_at_the_end() {
        let text = Text::default();
        let lines = LogQueue::to(text.clone());
        let (mut sender, dropped) = (lines.sender(), lines.dropped());
        for number in 0..5_000 {
            writeln!(sender, "{number}").unwrap();
        }
        lines.end();
        let written = String::from_utf8(text.0.lock().unwrap().clone()).unwrap();
        assert!(written.lines().eq((0..5_000).map(|number| number.to_string())));
        assert_eq!(dropped.count(), 0);
    }

    #[test]
    fn a_blocked_writer_delays_neither_senders_nor_the_end() {
        let text = Text::default();
        let _stalled = text.0.lock().unwrap();
        let lines = LogQueue::with(8, text.clone());
        let (mut sender, dropped) = (lines.sender(), lines.dropped());
        for _ in 0..2_000 {
            writeln!(sender, "line").unwrap();
        }
        // The writer holds at most one batch, and the queue eight lines.
        assert!((1_000..2_000).contains(&dropped.count()), "{}", dropped.count());
        let start = Instant::now();
        lines.end();
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_line_that_cannot_be_written_is_counted_as_dropped() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let lines = LogQueue::to(Closed);
        let (mut sender, dropped) = (lines.sender(), lines.dropped());
        for _ in 0..3 {
            sender.write_all(b"line\n").unwrap();
        }
        lines.end();
        assert_eq!(dropped.count(), 3);
    }
}
