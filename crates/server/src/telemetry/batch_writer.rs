//! Writes log lines in batches.

use super::DroppedLines;
use std::{
    io::{self, Write},
    sync::mpsc::Sender,
    thread,
    time::Duration,
};

/// Maximum size of a batch in bytes, unless one line is longer. A pipe takes this many atomically (`PIPE_BUF`), so
/// lines of other processes that write to it cannot mix with ours.
const MAX_BATCH_BYTES: usize = 4096;

/// Pause once the queue is empty. Lines that arrive during the pause are written together afterwards. Without the
/// pause, each request on an idle core would pay for waking the writer and for a write.
const PAUSE: Duration = Duration::from_millis(5);

/// Marker after the last line: an empty line, which the log never has.
pub(super) const END_OF_LOG: &[u8] = b"";

/// A writer of whole lines, which counts those that could not be written.
pub(super) struct BatchWriter<W> {
    out: W,
    batch: Vec<u8>,
    lines: u64,
    failed: DroppedLines,
    ended: Sender<()>,
}

impl<W: Write> BatchWriter<W> {
    /// Writes to `out`, counts failed lines in `failed`, and sends on `ended` at the marker.
    pub(super) fn to(out: W, failed: DroppedLines, ended: Sender<()>) -> Self {
        Self { out, batch: Vec::with_capacity(MAX_BATCH_BYTES), lines: 0, failed, ended }
    }

    fn write_batch(&mut self) -> io::Result<()> {
        let written = self.out.write_all(&self.batch);
        if written.is_err() {
            self.failed.add(self.lines);
        }
        self.batch.clear();
        self.lines = 0;
        written
    }
}

impl<W: Write> Write for BatchWriter<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_all(line)?;
        Ok(line.len())
    }

    /// Takes one line.
    fn write_all(&mut self, line: &[u8]) -> io::Result<()> {
        let is_full = self.batch.len() + line.len() > MAX_BATCH_BYTES;
        let written = if line == END_OF_LOG || is_full { self.write_batch() } else { Ok(()) };
        if line == END_OF_LOG {
            // An error means that nobody waits for the end any more.
            let _receiver_gone = self.ended.send(());
        } else {
            self.batch.extend_from_slice(line);
            self.lines += 1;
        }
        written
    }

    /// Called when the queue is empty.
    fn flush(&mut self) -> io::Result<()> {
        self.write_batch().and_then(|()| self.out.flush())?;
        thread::sleep(PAUSE);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    /// Records each write, and fails the second.
    #[derive(Default)]
    struct Writes(Vec<Vec<u8>>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            if self.0.len() == 2 { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(bytes.len()) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn writes_have_whole_lines_and_a_failed_write_counts_its_lines_as_dropped() {
        let (end, ended) = channel();
        let dropped = DroppedLines::default();
        let mut batches = BatchWriter::to(Writes::default(), dropped.clone(), end);
        let line = [b'x'; 1500];
        for number in 0..6 {
            let is_failure = number == 4;
            assert_eq!(batches.write_all(&line).is_err(), is_failure, "{number}");
        }
        assert_eq!(dropped.count(), 2);
        batches.write_all(&[b'y'; 10_000]).unwrap();
        batches.write_all(b"z").unwrap();
        assert!(ended.try_recv().is_err());
        batches.write_all(END_OF_LOG).unwrap();
        assert!(ended.try_recv().is_ok());
        let lengths: Vec<_> = batches.out.0.iter().map(Vec::len).collect();
        assert_eq!(lengths, [3000, 3000, 3000, 10_000, 1]);
        assert_eq!(dropped.count(), 2);
    }

    #[test]
    fn a_single_line_is_written_at_once() {
        let mut batches = BatchWriter::to(Vec::new(), DroppedLines::default(), channel().0);
        batches.write_all(b"line\n").unwrap();
        batches.flush().unwrap();
        assert_eq!(batches.out, b"line\n");
    }
}
