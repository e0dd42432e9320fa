//! The streams that are open on all workers.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};
use tokio_util::sync::CancellationToken;

/// Number of lines that all streams together may have in flight: read, and not yet written to the reply.
const MAX_LINES: usize = 8192;

/// Number of lines in flight that each stream may have at least, however many streams are open.
const MIN_LINES: usize = 16;

/// The open streams. Clones share them.
#[derive(Clone, Default)]
pub struct Streams {
    open: Arc<AtomicUsize>,
    stopping: CancellationToken,
}

impl Streams {
    /// Makes every stream end once the lines that it has read are answered.
    pub(in super::super) fn stop(&self) {
        self.stopping.cancel();
    }

    /// Ready when the streams must end.
    pub(super) async fn stopping(&self) {
        self.stopping.cancelled().await;
    }

    /// Counts a stream until the returned value is dropped.
    pub(super) fn open(&self) -> OpenStream {
        self.open.fetch_add(1, Relaxed);
        OpenStream(Arc::clone(&self.open))
    }
}

/// A counted stream.
pub(super) struct OpenStream(Arc<AtomicUsize>);

impl OpenStream {
    /// Number of lines that this stream may have in flight now: its share of the lines of all streams.
    pub(super) fn window(&self) -> usize {
        (MAX_LINES / self.0.load(Relaxed).max(1)).max(MIN_LINES)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_share_the_lines_in_flight() {
        let streams = Streams::default();
        let first = streams.open();
        assert_eq!(first.window(), MAX_LINES);
        let second = streams.open();
        assert_eq!((first.window(), second.window()), (MAX_LINES / 2, MAX_LINES / 2));
        let crowd: Vec<_> = (0..MAX_LINES).map(|_| streams.open()).collect();
        assert_eq!(first.window(), MIN_LINES);
        drop((second, crowd));
        assert_eq!(first.window(), MAX_LINES);
    }
}
