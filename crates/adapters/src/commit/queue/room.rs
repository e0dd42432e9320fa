//! The room that writes of streams have in the queue.
//!
//! A stream of lines enqueues as fast as the writer answers, so without a bound it would fill the queue, and requests
//! of a single write would wait behind it. A stream that is served alone should fill large batches, because all writes
//! of a batch share one flush.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// Maximum number of unanswered writes of all streams together, if the queue is at least twice as long.
const MAX_WRITES: usize = 4096;

/// The same while single requests are served beside the streams. A single request waits for the batch in flight and is in
/// the next one, and each of the two has at most this number of writes of streams.
const MAX_WRITES_BESIDE_OTHERS: usize = 128;

/// Milliseconds for which a single request reduces the room.
const MEMORY_MILLIS: u64 = 100;

/// The room for writes of streams.
pub(super) struct Room {
    permits: Arc<Semaphore>,
    /// Number of permits that one write takes while single requests are served.
    reduced_weight: u32,
    start: Instant,
    /// End of the time with reduced room, in milliseconds from `start`.
    reduced_until: AtomicU64,
}

impl Room {
    /// The room in a queue of this length: at most half of it.
    pub(super) fn in_queue(length: usize) -> Self {
        let writes = (length / 2).clamp(1, MAX_WRITES);
        Self {
            permits: Arc::new(Semaphore::new(writes)),
            reduced_weight: u32::try_from(writes.div_ceil(MAX_WRITES_BESIDE_OTHERS)).unwrap_or(1),
            start: Instant::now(),
            reduced_until: AtomicU64::new(0),
        }
    }

    /// Records a single request.
    pub(super) fn record_request(&self) {
        self.reduced_until.store(self.now() + MEMORY_MILLIS, Relaxed);
    }

    /// Waits for room for one write.
    pub(super) async fn acquire(&self) -> Result<OwnedSemaphorePermit, AcquireError> {
        let is_reduced = self.now() < self.reduced_until.load(Relaxed);
        let weight = if is_reduced { self.reduced_weight } else { 1 };
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

    /// Takes all room that there is, and returns the number of writes.
    fn fill(room: &Room) -> usize {
        let mut taken = Vec::new();
        while let Some(Ok(permit)) = room.acquire().now_or_never() {
            taken.push(permit);
        }
        taken.len()
    }

    #[test]
    fn streams_have_at_most_half_of_the_queue_and_room_for_one_write() {
        for (length, writes) in [(1, 1), (2, 1), (200, 100), (10_000, MAX_WRITES), (1_000_000, MAX_WRITES)] {
            assert_eq!(fill(&Room::in_queue(length)), writes, "{length}");
        }
    }

    #[test]
    fn single_requests_reduce_the_room() {
        let room = Room::in_queue(10_000);
        room.reduced_until.store(u64::MAX, Relaxed);
        assert_eq!(fill(&room), MAX_WRITES_BESIDE_OTHERS);
        room.reduced_until.store(0, Relaxed);
        assert_eq!(fill(&room), MAX_WRITES);
        let short = Room::in_queue(2);
        short.record_request();
        assert_eq!(fill(&short), 1);
    }
}
