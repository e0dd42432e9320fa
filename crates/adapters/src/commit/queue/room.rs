//! The room that writes of streams have in the queue. A stream is a request whose body has one write on each line; its
//! writes are enqueued one after another.
//!
//! A stream enqueues as fast as the writer answers, so without a bound it would fill the queue, and requests of a single
//! write would wait behind it. A stream that is served alone should fill large batches, because all writes of a batch
//! share one flush.

use crate::commit::batch_size::BatchSize;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// Maximum number of unanswered writes of all streams together, in full batches: one is in flight while the other one
/// fills. A full batch takes a bounded time, so a single request waits for about twice that time. It waits longer only if
/// the database becomes slow after the lines were queued.
const MAX_BATCHES: usize = 2;

/// Maximum number of unanswered writes of all streams together while single requests are served beside the streams. A single
/// request waits for the batch in flight and is in the next one, and each of the two has at most this number of writes of
/// streams.
const MAX_WRITES_BESIDE_OTHERS: usize = 128;

/// Milliseconds for which a single request reduces the room.
const MEMORY_MILLIS: u64 = 100;

/// The room for writes of streams.
pub(super) struct Room {
    permits: Arc<Semaphore>,
    /// Number of permits. If fewer writes than permits are allowed, each write takes several permits.
    size: usize,
    batch_size: Arc<BatchSize>,
    start: Instant,
    /// End of the time with reduced room, in milliseconds from `start`.
    reduced_until: AtomicU64,
}

impl Room {
    /// The room in a queue of this length: at most half of it.
    pub(super) fn in_queue(length: usize, batch_size: Arc<BatchSize>) -> Self {
        let size = (length / 2).max(1);
        Self {
            permits: Arc::new(Semaphore::new(size)),
            size,
            batch_size,
            start: Instant::now(),
            reduced_until: AtomicU64::new(0),
        }
    }

    /// Records a single request.
    pub(super) fn record_request(&self) {
        self.reduced_until.store(self.now() + MEMORY_MILLIS, Relaxed);
    }

    /// Returns true for a while after a single request.
    pub(super) fn is_reduced(&self) -> bool {
        self.now() < self.reduced_until.load(Relaxed)
    }

    /// Waits for room for one write.
    pub(super) async fn acquire(&self) -> Result<OwnedSemaphorePermit, AcquireError> {
        let batches = MAX_BATCHES * self.batch_size.get();
        let writes = if self.is_reduced() { batches.min(MAX_WRITES_BESIDE_OTHERS) } else { batches };
        let weight = u32::try_from(self.size.div_ceil(writes)).unwrap_or(u32::MAX);
        match Arc::clone(&self.permits).try_acquire_many_owned(weight) {
            Ok(permit) => Ok(permit),
            Err(_) => Arc::clone(&self.permits).acquire_many_owned(weight).await,
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::time::Duration;

    /// Takes all room that there is, and returns the number of writes.
    fn fill(room: &Room) -> usize {
        let mut taken = Vec::new();
        while let Some(Ok(permit)) = room.acquire().now_or_never() {
            taken.push(permit);
        }
        taken.len()
    }

    fn room(queue: usize, batch: usize) -> Room {
        Room::in_queue(queue, Arc::new(BatchSize::up_to(batch)))
    }

    #[test]
    fn streams_have_room_for_two_batches_but_at_most_half_of_the_queue_and_at_least_one_write() {
        for (queue, batch, writes) in [(1, 1, 1), (2, 10, 1), (200, 60, 100), (240, 60, 120), (10_000, 1, 2)]
        {
            assert_eq!(fill(&room(queue, batch)), writes, "{queue}, {batch}");
        }
    }

    #[test]
    fn the_room_grows_with_the_batches() {
        let room = room(8_192, 1_024);
        assert_eq!(fill(&room), 512);
        room.batch_size.record(256, Duration::ZERO);
        assert_eq!(fill(&room), 1_024);
    }

    #[test]
    fn single_requests_reduce_the_room() {
        let room = room(8_192, 1_024);
        room.reduced_until.store(u64::MAX, Relaxed);
        assert_eq!(fill(&room), MAX_WRITES_BESIDE_OTHERS);
        room.reduced_until.store(0, Relaxed);
        assert_eq!(fill(&room), 512);
        let short = self::room(2, 1);
        short.record_request();
        assert_eq!(fill(&short), 1);
    }
}
