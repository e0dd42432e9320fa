//! The streams that are open on all workers.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Number of lines that all streams together may have in flight: read, and not yet written to the reply.
const MAX_LINES: usize = 8192;

/// Maximum number of open streams. Clients that send a line now and then could otherwise take every connection, and each
/// stream gets at least 16 lines in flight.
const MAX_STREAMS: usize = 512;

/// The open streams. Clones share them.
#[derive(Clone)]
pub struct Streams {
    room: Arc<Semaphore>,
    /// Number of streams with lines in flight.
    busy: Arc<AtomicUsize>,
    stopping: CancellationToken,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            room: Arc::new(Semaphore::new(MAX_STREAMS)),
            busy: Arc::default(),
            stopping: CancellationToken::default(),
        }
    }
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

    /// Counts a stream until the returned value is dropped. `None` if too many are open.
    pub(super) fn open(&self) -> Option<OpenStream> {
        let place = Arc::clone(&self.room).try_acquire_owned().ok()?;
        Some(OpenStream { busy: Arc::clone(&self.busy), is_busy: false, _place: place })
    }
}

/// A counted stream.
pub(super) struct OpenStream {
    busy: Arc<AtomicUsize>,
    is_busy: bool,
    _place: OwnedSemaphorePermit,
}

impl OpenStream {
    /// Returns true if this stream, which has this number of lines in flight, may have another one. The streams that have
    /// lines in flight share the lines of all streams equally.
    pub(super) fn has_room(&mut self, in_flight: usize) -> bool {
        self.set_busy(true);
        in_flight < MAX_LINES / self.busy.load(Relaxed).max(1)
    }

    /// Records that the stream has no lines in flight.
    pub(super) fn is_idle(&mut self) {
        self.set_busy(false);
    }

    fn set_busy(&mut self, is_busy: bool) {
        if is_busy && !self.is_busy {
            self.busy.fetch_add(1, Relaxed);
        } else if !is_busy && self.is_busy {
            self.busy.fetch_sub(1, Relaxed);
        }
        self.is_busy = is_busy;
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.set_busy(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number of lines in flight that the stream may have.
    fn window(stream: &mut OpenStream) -> usize {
        (0..=MAX_LINES).find(|in_flight| !stream.has_room(*in_flight)).unwrap()
    }

    #[test]
    fn streams_with_lines_in_flight_share_them() {
        let streams = Streams::default();
        let mut first = streams.open().unwrap();
        let mut second = streams.open().unwrap();
        assert_eq!(window(&mut first), MAX_LINES);
        assert_eq!(window(&mut second), MAX_LINES / 2);
        assert_eq!(window(&mut first), MAX_LINES / 2);
        second.is_idle();
        assert_eq!(window(&mut first), MAX_LINES);
        assert_eq!(window(&mut second), MAX_LINES / 2);
        drop(second);
        assert_eq!(window(&mut first), MAX_LINES);
    }

    #[test]
    fn the_number_of_streams_is_bounded() {
        let streams = Streams::default();
        let mut open: Vec<_> = (0..MAX_STREAMS).map(|_| streams.open().unwrap()).collect();
        assert!(streams.open().is_none());
        for stream in &mut open {
            assert!(stream.has_room(MAX_LINES / MAX_STREAMS - 1));
        }
        assert!(!open[0].has_room(MAX_LINES / MAX_STREAMS));
        open.pop();
        assert!(streams.open().is_some());
    }
}
