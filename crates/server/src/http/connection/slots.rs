//! Limits the connections of all workers together.
//!
//! At the limit, the connection that has waited longest for its client is closed for a new one, whichever worker serves it.

use futures_util::task::AtomicWaker;
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::Context,
    time::{Duration, Instant},
};

/// Time for which a client that has begun to send a head, or has stopped reading its reply, is safe from eviction.
const GRACE_PERIOD: Duration = Duration::from_secs(1);

/// The connection limit, shared by all workers.
pub(crate) struct ConnectionLimit {
    capacity: usize,
    start: Instant,
    workers: AtomicUsize,
    /// Locked only when a connection is opened or closed.
    occupied: Mutex<Vec<Arc<State>>>,
}

/// The connection slots, as one worker sees them.
pub(crate) struct Slots {
    limit: Arc<ConnectionLimit>,
    worker: usize,
}

/// State of a connection, shared with the other connections.
struct State {
    worker: usize,
    /// Position among the occupied slots; [`EVICTED`] once the slot belongs to another connection.
    index: AtomicUsize,
    /// The present wait and its start: an [`EvictableWait`] in the lowest bits, and above them the microseconds from
    /// [`ConnectionLimit::start`]. [`BUSY`] while a request is served.
    wait: AtomicU64,
    must_close: AtomicBool,
    /// True if it must close even if its reply is not written.
    must_abort: AtomicBool,
    task: AtomicWaker,
}

const EVICTED: usize = usize::MAX;

const BUSY: u64 = 0;

const WAIT_BITS: u32 = 2;

/// A wait for the client, during which the connection may be evicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EvictableWait {
    /// Until the client sends a request.
    Request = 1,
    /// Until the client sends the rest of a head.
    RestOfHead = 2,
    /// Until the client reads part of a reply.
    Reader = 3,
}

/// The slot of a connection. Dropping it frees the slot.
pub(super) struct Slot {
    limit: Arc<ConnectionLimit>,
    state: Arc<State>,
}

impl ConnectionLimit {
    /// Creates `capacity` slots.
    pub(crate) fn new(capacity: usize) -> Arc<Self> {
        let (start, workers, occupied) = (Instant::now(), AtomicUsize::default(), Mutex::default());
        Arc::new(Self { capacity, start, workers, occupied })
    }

    fn occupied(&self) -> MutexGuard<'_, Vec<Arc<State>>> {
        self.occupied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Microseconds since the start. 62 bits suffice for over 100,000 years.
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX >> WAIT_BITS)
    }

    /// Evicts the connection that has waited longest for its client: frees its slot at once, and asks it to close.
    /// Returns false if no connection may be evicted.
    fn evict_idlest(&self, occupied: &mut Vec<Arc<State>>) -> bool {
        let now = self.now();
        let idle = occupied.iter().enumerate();
        let idlest = idle.filter_map(|(index, state)| Some((state.idle_since(now)?, index))).min();
        let Some((_, index)) = idlest else { return false };
        let evicted = remove(occupied, index);
        evicted.index.store(EVICTED, Relaxed);
        evicted.must_abort.store(EvictableWait::Reader.is_packed_in(evicted.wait.load(Relaxed)), Relaxed);
        evicted.request_close();
        true
    }
}

fn remove(occupied: &mut Vec<Arc<State>>, index: usize) -> Arc<State> {
    let removed = occupied.swap_remove(index);
    if let Some(moved) = occupied.get(index) {
        moved.index.store(index, Relaxed);
    }
    removed
}

impl Slots {
    /// Creates the view of a new worker.
    pub(crate) fn of_new_worker(limit: &Arc<ConnectionLimit>) -> Self {
        Self { limit: Arc::clone(limit), worker: limit.workers.fetch_add(1, Relaxed) }
    }

    /// Takes a slot, evicting an idle connection if needed. Returns `None` if every connection is being served.
    pub(super) fn acquire(&self) -> Option<Slot> {
        let limit = Arc::clone(&self.limit);
        let mut occupied = limit.occupied();
        if occupied.len() >= limit.capacity && !limit.evict_idlest(&mut occupied) {
            return None;
        }
        let state = Arc::new(State {
            worker: self.worker,
            index: occupied.len().into(),
            wait: EvictableWait::Request.pack(limit.now()).into(),
            must_close: AtomicBool::default(),
            must_abort: AtomicBool::default(),
            task: AtomicWaker::new(),
        });
        occupied.push(Arc::clone(&state));
        drop(occupied);
        Some(Slot { limit, state })
    }

    /// Asks every connection of this worker to close: idle ones at once, others after their request.
    pub(crate) fn close_all(&self) {
        let occupied = self.limit.occupied();
        occupied.iter().filter(|state| state.worker == self.worker).for_each(|state| state.request_close());
    }
}

impl EvictableWait {
    /// Packs the wait and its start, in microseconds, into one number for [`State::wait`].
    fn pack(self, start: u64) -> u64 {
        start << WAIT_BITS | self as u64
    }

    /// Returns true if a packed number has this wait.
    fn is_packed_in(self, packed: u64) -> bool {
        packed & ((1 << WAIT_BITS) - 1) == self as u64
    }
}

impl State {
    /// Returns the start of the wait; `None` if the connection must not be evicted now.
    fn idle_since(&self, now: u64) -> Option<u64> {
        let wait = self.wait.load(Relaxed);
        let since = wait >> WAIT_BITS;
        let waited = Duration::from_micros(now.saturating_sub(since));
        let is_safe = !EvictableWait::Request.is_packed_in(wait) && waited < GRACE_PERIOD;
        (wait != BUSY && !is_safe).then_some(since)
    }

    fn request_close(&self) {
        self.must_close.store(true, Relaxed);
        self.task.wake();
    }
}

impl Slot {
    /// Records what the connection waits for. Returns true if it must close.
    pub(super) fn record_wait(&self, wait: EvictableWait, cx: &Context<'_>) -> bool {
        if !wait.is_packed_in(self.state.wait.load(Relaxed)) {
            self.state.wait.store(wait.pack(self.limit.now()), Relaxed);
        }
        // The flags are set before the task is woken; both sides synchronise on the waker.
        self.state.task.register(cx.waker());
        let flag =
            if wait == EvictableWait::Reader { &self.state.must_abort } else { &self.state.must_close };
        flag.load(Relaxed)
    }

    /// Records that a request is being served.
    pub(super) fn mark_busy(&self) {
        self.state.wait.store(BUSY, Relaxed);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut occupied = self.limit.occupied();
        let index = self.state.index.load(Relaxed);
        if index != EVICTED {
            remove(&mut occupied, index);
        }
    }
}

#[cfg(test)]
mod tests;
