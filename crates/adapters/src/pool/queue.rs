//! The queue in which reads wait for a thread.

use crate::Fault;
use std::{
    collections::BTreeMap,
    mem,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::task;

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
}

#[derive(Default)]
struct State {
    /// In the order in which they came.
    waiting: BTreeMap<u64, Read>,
    submitted: u64,
    threads: usize,
}

impl ReadQueue {
    /// A queue of at most `capacity` reads for at most `threads` threads.
    pub(super) fn new(threads: usize, capacity: usize) -> Self {
        Self(Arc::new(Shared { state: Mutex::default(), most_threads: threads, capacity }))
    }

    /// Runs `read` in a thread that may block, at once or after those before it. Dropping the place takes it out of the queue.
    pub(super) fn submit(&self, read: Read) -> Result<Place, Fault> {
        let mut state = self.0.state();
        if state.threads < self.0.most_threads {
            state.threads += 1;
            drop(state);
            let thread = Thread { shared: Arc::clone(&self.0), is_counted: true };
            task::spawn_blocking(move || thread.run(read));
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
    is_counted: bool,
}

impl Thread {
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
        let next = state.waiting.pop_first();
        if next.is_none() {
            state.threads -= 1;
            self.is_counted = false;
        }
        next.map(|(_, read)| read)
    }
}

impl Drop for Thread {
    /// A runtime that shuts down drops what it has not yet run.
    fn drop(&mut self) {
        if mem::take(&mut self.is_counted) {
            self.shared.state().threads -= 1;
        }
    }
}
