//! The streams that are open on all workers.

use crate::http::metrics::{HttpMetrics, OpenCount};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Number of lines that all streams together have in flight: read, and not yet written to the reply. There are more of
/// them while the share of a stream shrinks, until it has answered those beyond its new share.
const MAX_LINES: usize = 8192;

/// Maximum number of open streams. With this number, each may have 16 lines in flight.
const MAX_STREAMS: usize = 512;

/// The open streams. Clones share them.
#[derive(Clone)]
pub struct Streams {
    room: Arc<Semaphore>,
    /// Number of streams with lines in flight.
    busy: Arc<AtomicUsize>,
    stopping: CancellationToken,
}

impl Streams {
    /// Streams of a server with this connection limit. They take at most half of the connections: clients that send a
    /// line now and then could otherwise take all of them.
    pub fn of_connections(max_connections: usize) -> Self {
        let streams = (max_connections / 2).clamp(1, MAX_STREAMS);
        Self {
            room: Arc::new(Semaphore::new(streams)),
            busy: Arc::default(),
            stopping: CancellationToken::default(),
        }
    }

    /// Makes every stream end once the lines that it has read are answered.
    pub(in super::super) fn stop(&self) {
        self.stopping.cancel();
    }

    /// Returns true if the streams must end.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Ready when the streams must end.
    pub(super) async fn stopping(&self) {
        self.stopping.cancelled().await;
    }

    /// Counts a stream until the returned value is dropped. `None` if too many are open.
    pub(super) fn open(&self, metrics: &HttpMetrics) -> Option<OpenStream> {
        let place = Arc::clone(&self.room).try_acquire_owned().ok()?;
        let busy = Arc::clone(&self.busy);
        Some(OpenStream { busy, is_busy: false, _place: place, _counted: metrics.open_stream() })
    }
}

/// A counted stream.
pub(super) struct OpenStream {
    busy: Arc<AtomicUsize>,
    is_busy: bool,
    _place: OwnedSemaphorePermit,
    _counted: OpenCount,
}

impl OpenStream {
    /// Returns true if this stream, which has this number of lines in flight, may have another one. The busy streams
    /// share the lines of all streams equally.
    pub(super) fn has_room(&self, in_flight: usize) -> bool {
        in_flight < MAX_LINES / self.busy.load(Relaxed).max(1)
    }

    /// Records that the stream has lines in flight.
    pub(super) fn mark_busy(&mut self) {
        if !self.is_busy {
            self.is_busy = true;
            self.busy.fetch_add(1, Relaxed);
        }
    }

    /// Records that the stream has no lines in flight.
    pub(super) fn mark_idle(&mut self) {
        if self.is_busy {
            self.is_busy = false;
            self.busy.fetch_sub(1, Relaxed);
        }
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.mark_idle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(streams: &Streams) -> Option<OpenStream> {
        streams.open(&HttpMetrics::new().unwrap())
    }

    /// Number of lines in flight that the stream may have.
    fn window(stream: &OpenStream) -> usize {
        (0..=MAX_LINES).find(|in_flight| !stream.has_room(*in_flight)).unwrap()
    }

    #[test]
    fn busy_streams_share_the_lines_in_flight() {
        let streams = Streams::of_connections(1_000);
        let [mut first, mut second] = [(); 2].map(|()| open(&streams).unwrap());
        assert_eq!((window(&first), window(&second)), (MAX_LINES, MAX_LINES));
        first.mark_busy();
        first.mark_busy();
        assert_eq!(window(&first), MAX_LINES);
        second.mark_busy();
        assert_eq!((window(&first), window(&second)), (MAX_LINES / 2, MAX_LINES / 2));
        second.mark_idle();
        second.mark_idle();
        assert_eq!(window(&first), MAX_LINES);
        second.mark_busy();
        drop(second);
        assert_eq!(window(&first), MAX_LINES);
    }

    #[test]
    fn streams_take_at_most_half_of_the_connections() {
        for (connections, streams) in [(0, 1), (1, 1), (68, 34), (1_024, MAX_STREAMS), (10_000, MAX_STREAMS)]
        {
            let all = Streams::of_connections(connections);
            let mut taken: Vec<_> = std::iter::from_fn(|| open(&all)).collect();
            assert_eq!(taken.len(), streams);
            taken.iter_mut().for_each(OpenStream::mark_busy);
            assert!(window(&taken[0]) >= MAX_LINES / MAX_STREAMS);
            taken.pop();
            assert!(open(&all).is_some());
        }
    }
}
