//! The queue of lines that wait to be written.

use super::LostLines;
use std::{
    convert::Infallible,
    io::{self, Write},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};

/// Most lines that wait; one more is lost. A busy server writes so many in about a second, and they take some megabytes.
const QUEUE: usize = 16_384;

/// Longest wait for the writer at the end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Lines on their way to a writer, which has a thread of its own.
pub(super) struct Lines {
    queue: NonBlocking,
    writer: WorkerGuard,
    /// Disconnected when the writer is gone.
    gone: Receiver<Infallible>,
    lost: LostLines,
}

impl Lines {
    /// Starts the writer.
    pub(super) fn to(out: impl Write + Send + 'static) -> Self {
        Self::with(QUEUE, out)
    }

    fn with(capacity: usize, out: impl Write + Send + 'static) -> Self {
        let (alive, gone) = channel();
        let failed = LostLines::default();
        let out = Out { out, failed: failed.clone(), _alive: alive };
        let (queue, writer) =
            NonBlockingBuilder::default().buffered_lines_limit(capacity).thread_name("log").finish(out);
        let lost = failed.and_those_of(queue.error_counter());
        Self { queue, writer, gone, lost }
    }

    /// The side that takes lines, and never waits.
    pub(super) fn queue(&self) -> NonBlocking {
        self.queue.clone()
    }

    /// The lines that were lost: those that found the queue full, and those that could not be written.
    pub(super) fn lost(&self) -> LostLines {
        self.lost.clone()
    }

    /// Waits until all lines are written, but no longer than [`PATIENCE`]: the writer may wait for its reader for ever.
    pub(super) fn end(self) {
        let Self { writer, gone, .. } = self;
        // The drop tells the writer to end. It waits for room in the queue, and says on standard output where there is
        // none, which may have the same reader; so it gets a thread that may be left behind.
        let _ending = thread::Builder::new().spawn(move || drop(writer));
        let _gone = gone.recv_timeout(PATIENCE);
    }
}

/// Where lines go, and a count of those that do not arrive.
struct Out<W> {
    out: W,
    failed: LostLines,
    _alive: Sender<Infallible>,
}

impl<W: Write> Write for Out<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn write_all(&mut self, line: &[u8]) -> io::Result<()> {
        self.out.write_all(line).inspect_err(|_| self.failed.add())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::{Arc, Mutex},
        time::Instant,
    };

    /// Text that several hold.
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
        let lines = Lines::to(text.clone());
        let (mut queue, lost) = (lines.queue(), lines.lost());
        for number in 0..5_000 {
            writeln!(queue, "{number}").unwrap();
        }
        lines.end();
        let written = String::from_utf8(text.0.lock().unwrap().clone()).unwrap();
        assert!(written.lines().eq((0..5_000).map(|number| number.to_string())));
        assert_eq!(lost.count(), 0);
    }

    #[test]
    fn a_writer_that_waits_for_ever_holds_up_neither_lines_nor_the_end() {
        let text = Text::default();
        let _stalled = text.0.lock().unwrap();
        let lines = Lines::with(8, text.clone());
        let (mut queue, lost) = (lines.queue(), lines.lost());
        for _ in 0..100 {
            writeln!(queue, "line").unwrap();
        }
        // The writer may hold one.
        assert!((91..=92).contains(&lost.count()), "{}", lost.count());
        let start = Instant::now();
        lines.end();
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_line_that_cannot_be_written_is_lost() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let lines = Lines::to(Closed);
        let (mut queue, lost) = (lines.queue(), lines.lost());
        for _ in 0..3 {
            queue.write_all(b"line\n").unwrap();
        }
        lines.end();
        assert_eq!(lost.count(), 3);
    }
}
