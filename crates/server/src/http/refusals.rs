//! The last refused requests, for operators.

use super::error::Code;
use actix_web::http::StatusCode;
use gochat_domain::{auth::KeyId, clock::Timestamp};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

/// Number of parts of the store. Threads are spread over the parts, so that refusals on several workers at once rarely
/// wait for the same lock.
const SHARDS: usize = 16;

/// A request that was refused or failed. It has nothing that the client chose, except for the request id: no path, no
/// query, no body, no API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The time of the reply.
    pub(crate) at: Timestamp,
    /// The method, as in metrics.
    pub(crate) method: &'static str,
    /// The pattern of the path, as in metrics.
    pub(crate) route: String,
    /// The status of the reply.
    pub(crate) status: StatusCode,
    /// The code of the error.
    pub(crate) code: Code,
    /// The id of the caller's key, if the key was valid.
    pub(crate) key: Option<KeyId>,
    /// The request id. A copy of its own: a header value would keep the whole head of the request in memory.
    pub(crate) request_id: Box<str>,
}

/// The last refusals, and the number of all refusals by code. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Refusals(Arc<Shared>);

#[derive(Default)]
struct Shared {
    recorded: AtomicU64,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    /// The last refusals of this part, the oldest first, each with its number in the order of all.
    last: VecDeque<(u64, Refusal)>,
    counts: BTreeMap<Code, u64>,
}

impl Refusals {
    /// Maximum number of refusals that are kept.
    pub(crate) const KEPT: usize = 200;

    /// Records a refusal. The oldest one is dropped if there are too many.
    pub(super) fn record(&self, refusal: Refusal) {
        let mut shard = lock(&self.0.shards[shard_of_thread()]);
        // Under the lock, so that the refusals of a part are in the order of their numbers.
        let number = self.0.recorded.fetch_add(1, Relaxed);
        *shard.counts.entry(refusal.code).or_default() += 1;
        if shard.last.len() == Self::KEPT {
            shard.last.pop_front();
        }
        shard.last.push_back((number, refusal));
    }

    /// Returns the last refusals, the newest first.
    pub(crate) fn last(&self) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        for shard in &self.0.shards {
            refusals.extend(lock(shard).last.iter().cloned());
        }
        refusals.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
        refusals.truncate(Self::KEPT);
        refusals.into_iter().map(|(_, refusal)| refusal).collect()
    }

    /// Returns the number of refusals since the start, by code.
    pub(crate) fn counts(&self) -> BTreeMap<Code, u64> {
        let mut counts = BTreeMap::new();
        for shard in &self.0.shards {
            for (code, count) in &lock(shard).counts {
                *counts.entry(*code).or_default() += count;
            }
        }
        counts
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the index of the part that this thread records to.
fn shard_of_thread() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static THREAD: usize = THREADS.fetch_add(1, Relaxed));
    THREAD.with(|thread| thread % SHARDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn refusal(number: usize) -> Refusal {
        Refusal {
            // The clock stands still: the order does not depend on it.
            at: Timestamp::from_unix_micros(0).unwrap(),
            method: "GET",
            route: "/v1/group/{id}".to_owned(),
            status: StatusCode::NOT_FOUND,
            code: if number.is_multiple_of(2) { Code::NotFound } else { Code::GroupNotFound },
            key: Some(KeyId::DEVELOPMENT),
            request_id: number.to_string().into(),
        }
    }

    #[test]
    fn the_last_refusals_are_kept_and_returned_newest_first() {
        let refusals = Refusals::default();
        assert_eq!(refusals.last(), []);
        (0..3).for_each(|number| refusals.record(refusal(number)));
        assert_eq!(refusals.last(), [2, 1, 0].map(refusal));
        (3..Refusals::KEPT + 5).for_each(|number| refusals.record(refusal(number)));
        assert_eq!(refusals.last(), (5..Refusals::KEPT + 5).rev().map(refusal).collect::<Vec<_>>());
    }

    #[test]
    fn refusals_of_several_threads_are_merged_in_their_order() {
        let refusals = Refusals::default();
        for number in 0..2 * SHARDS {
            thread::scope(|scope| scope.spawn(|| refusals.record(refusal(number))).join().unwrap());
        }
        assert_eq!(refusals.last(), (0..2 * SHARDS).rev().map(refusal).collect::<Vec<_>>());
    }

    #[test]
    fn a_flood_on_all_threads_is_counted_exactly_and_takes_bounded_memory() {
        let refusals = Refusals::default();
        thread::scope(|scope| {
            for _ in 0..=SHARDS {
                scope.spawn(|| (0..1_000).for_each(|number| refusals.record(refusal(number))));
            }
        });
        let each = 500 * (SHARDS as u64 + 1);
        assert_eq!(refusals.counts(), BTreeMap::from([(Code::NotFound, each), (Code::GroupNotFound, each)]));
        assert_eq!(refusals.last().len(), Refusals::KEPT);
        assert!(refusals.0.shards.iter().all(|shard| lock(shard).last.len() <= Refusals::KEPT));
    }
}
