//! The queue in which reads wait for a thread.

use crate::Fault;
use std::{
    collections::BTreeMap,
    mem,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::task;

/// How often all threads may be replaced while none of those that were comes back. Each holds a connection.
const MOST_REPLACED: usize = 2;

/// A read, and the way back to its caller.
pub(super) type Read = Box<dyn FnOnce() + Send>;

/// Runs reads in a few threads; more than those wait, up to a bound.
///
/// A thread that is done takes the next read by itself: with many callers, nothing is woken for a read but its caller.
/// Cloning shares the queue.
#[derive(Clone)]
pub(super) struct ReadQueue(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    most_threads: usize,
    capacity: usize,
    stuck_after: Option<Duration>,
}

#[derive(Default)]
struct State {
    /// In the order in which they came.
    waiting: BTreeMap<u64, Read>,
    submitted: u64,
    /// When each thread began its read.
    at_work: BTreeMap<u64, Instant>,
    started: u64,
    /// Threads that were replaced, and have not come back.
    replaced: usize,
}

impl ReadQueue {
    /// A queue of at most `capacity` reads for at most `threads` threads. One that is at a read for `stuck_after` is replaced.
    pub(super) fn new(threads: usize, capacity: usize, stuck_after: Option<Duration>) -> Self {
        let state = Mutex::default();
        Self(Arc::new(Shared { state, most_threads: threads, capacity, stuck_after }))
    }

    /// Runs `read` in a thread that may block, at once or after those before it. Dropping the place takes it out of the queue.
    pub(super) fn submit(&self, read: Read) -> Result<Place, Fault> {
        let mut state = self.0.state();
        if state.at_work.len() < self.0.most_threads {
            let thread = self.thread(&mut state);
            drop(state);
            thread.start(read);
            return Ok(Place(None));
        }
        if state.waiting.len() >= self.0.capacity {
            return Err(Fault::Unavailable("the queue of reads is full".into()));
        }
        let number = state.submitted;
        state.submitted += 1;
        state.waiting.insert(number, read);
        Ok(Place(Some((Arc::clone(&self.0), number))))
    }

    /// Leaves the threads that are stuck to themselves. If there are any, renews what they hold, and starts others for the reads
    /// that wait.
    pub(super) fn replace_stuck(&self, renew: impl FnOnce()) {
        let Some(patience) = self.0.stuck_after else { return };
        let mut state = self.0.state();
        let room = (self.0.most_threads * MOST_REPLACED).saturating_sub(state.replaced);
        let is_stuck = |(_, since): &(&u64, &Instant)| since.elapsed() >= patience;
        let stuck: Vec<u64> = state.at_work.iter().filter(is_stuck).take(room).map(|(id, _)| *id).collect();
        if stuck.is_empty() {
            return;
        }
        renew();
        for id in &stuck {
            state.at_work.remove(id);
        }
        state.replaced += stuck.len();
        let mut successors = Vec::new();
        while successors.len() < stuck.len()
            && let Some((_, read)) = state.waiting.pop_first()
        {
            successors.push((self.thread(&mut state), read));
        }
        drop(state);
        tracing::warn!(reads = stuck.len(), "reads do not come back from the database; other threads go on");
        for (thread, read) in successors {
            thread.start(read);
        }
    }

    fn thread(&self, state: &mut State) -> Thread {
        let id = state.started;
        state.started += 1;
        state.at_work.insert(id, Instant::now());
        Thread { shared: Arc::clone(&self.0), id, is_counted: true }
    }

    /// The most reads that may wait.
    pub(super) fn capacity(&self) -> usize {
        self.0.capacity
    }

    /// The number of reads that wait.
    pub(super) fn len(&self) -> usize {
        self.0.state().waiting.len()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a read in the queue.
#[must_use = "the read leaves the queue with it"]
pub(super) struct Place(Option<(Arc<Shared>, u64)>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((shared, number)) = self.0.take() {
            shared.state().waiting.remove(&number);
        }
    }
}

/// A thread that works off the queue.
struct Thread {
    shared: Arc<Shared>,
    id: u64,
    is_counted: bool,
}

impl Thread {
    /// Not to be called with the state locked: a runtime that shuts down drops the thread at once.
    fn start(self, read: Read) {
        task::spawn_blocking(move || self.run(read));
    }

    fn run(mut self, first: Read) {
        let mut next = Some(first);
        while let Some(read) = next {
            // A panic fails the read alone: its caller finds that nobody will answer.
            let _panic = panic::catch_unwind(AssertUnwindSafe(read));
            next = self.next();
        }
    }

    /// The read that has waited longest. Where there is none, the thread is no longer counted: seen at one moment, so that
    /// no read can come between and wait for a thread that has gone.
    fn next(&mut self) -> Option<Read> {
        let mut state = self.shared.state();
        let State { waiting, at_work, .. } = &mut *state;
        if let Some(since) = at_work.get_mut(&self.id)
            && let Some((_, read)) = waiting.pop_first()
        {
            *since = Instant::now();
            return Some(read);
        }
        self.is_counted = false;
        state.forget(self.id);
        None
    }
}

impl State {
    fn forget(&mut self, thread: u64) {
        if self.at_work.remove(&thread).is_none() {
            self.replaced -= 1;
        }
    }
}

impl Drop for Thread {
    /// A runtime that shuts down drops what it has not yet run.
    fn drop(&mut self) {
        if mem::take(&mut self.is_counted) {
            self.shared.state().forget(self.id);
        }
    }
}
