//! The maximum size of batches, which follows the speed of the database.
//!
//! The writes of a batch share a flush, so a large batch is cheap. But each write waits for its whole batch, so on a slow
//! database a large batch would take longer than its callers wait.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

/// Maximum size of the first batch, and of batches on a slow database.
const SMALLEST: usize = 256;

/// A batch that takes longer halves the size of the next ones.
const LONGEST: Duration = Duration::from_millis(100);

/// The maximum number of writes in a batch. All writers of a queue share it.
pub(super) struct BatchSize {
    current: AtomicUsize,
    largest: usize,
}

impl BatchSize {
    /// A size that never exceeds `largest`.
    pub(super) fn up_to(largest: usize) -> Self {
        Self { current: AtomicUsize::new(SMALLEST.min(largest)), largest }
    }

    /// The maximum number of writes in the next batch.
    pub(super) fn get(&self) -> usize {
        self.current.load(Relaxed)
    }

    /// Adapts the size to a batch that was committed. A full batch that was fast doubles it.
    pub(super) fn record(&self, writes: usize, took: Duration) {
        let current = self.get();
        let next = if took > LONGEST {
            current / 2
        } else if writes >= current && took <= LONGEST / 2 {
            current * 2
        } else {
            return;
        };
        self.current.store(next.max(SMALLEST).min(self.largest), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: Duration = Duration::from_millis(50);
    const SLOW: Duration = Duration::from_millis(101);

    #[test]
    fn full_batches_that_are_fast_double_the_size() {
        let size = BatchSize::up_to(1_000);
        assert_eq!(size.get(), SMALLEST);
        for (writes, took, expected) in [
            (255, FAST, 256),
            (256, FAST + Duration::from_millis(1), 256),
            (256, FAST, 512),
            (511, FAST, 512),
            (512, FAST, 1_000),
            (1_000, FAST, 1_000),
        ] {
            size.record(writes, took);
            assert_eq!(size.get(), expected, "{writes} writes in {took:?}");
        }
    }

    #[test]
    fn a_slow_batch_halves_the_size() {
        let size = BatchSize::up_to(1_000);
        size.record(256, FAST);
        size.record(512, FAST);
        for expected in [500, 256, 256] {
            size.record(1, SLOW);
            assert_eq!(size.get(), expected);
        }
    }

    #[test]
    fn a_small_limit_is_never_exceeded() {
        let size = BatchSize::up_to(1);
        for took in [FAST, SLOW] {
            size.record(1, took);
            assert_eq!(size.get(), 1);
        }
    }
}
