//! The queue of reads, and the threads that run them.

mod threads;

use crate::Fault;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Maximum number of replaced threads that are still stuck, as a multiple of the number of threads. Each holds a
/// connection.
const MAX_REPLACEMENTS: usize = 2;

/// Time after which an idle thread exits.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);

/// Longest wait at shutdown for running reads. Slower ones are waiting for the server.
const SHUTDOWN_WAIT: Duration = Duration::from_secs(1);

/// A read.
pub(super) type Read = Box<dyn FnOnce() -> Reply + Send>;

/// Sends the caller its answer; called once the thread is free again.
pub(super) type Reply = Box<dyn FnOnce()>;

/// Runs reads in a few threads; further reads wait, up to a bound.
///
/// A thread that finishes a read takes the next one itself, so that under load no thread is woken for it. The
/// threads exit when the queue is dropped.
pub(super) struct ReadQueue(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Wakes idle threads when a read is assigned or the queue is closed, and the closing thread when a read ends.
    wakeup: Condvar,
    max_threads: usize,
    capacity: usize,
    stuck_after: Option<Duration>,
}

/// The state of the queue. A run is the work of one thread from the read assigned to it until the thread is idle or
/// exits: a thread that finds another read waiting continues its run.
#[derive(Default)]
struct State {
    /// In the order of submission.
    waiting: BTreeMap<u64, Read>,
    submitted: u64,
    /// The runs, by number, each with the start time of its current read.
    running: BTreeMap<u64, Instant>,
    runs: u64,
    /// Reads with a reserved thread that has not taken them yet, each with the number of its run.
    assigned: VecDeque<(u64, Read)>,
    idle_threads: usize,
    /// Replaced threads that are still stuck.
    replaced: usize,
    is_closed: bool,
}

/// A snapshot of the queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Usage {
    /// Waiting reads.
    pub(super) waiting: usize,
    /// Threads that are running a read.
    pub(super) running: usize,
    /// Replaced threads that are still stuck. Each has a connection.
    pub(super) replaced: usize,
}

impl ReadQueue {
    /// A queue for at most `capacity` waiting reads and `threads` threads. A thread that runs one read for
    /// `stuck_after` is replaced.
    pub(super) fn new(threads: usize, capacity: usize, stuck_after: Option<Duration>) -> Self {
        let state = Mutex::default();
        Self(Arc::new(Shared { state, wakeup: Condvar::new(), max_threads: threads, capacity, stuck_after }))
    }

    /// Runs `read` in a thread that may block, at once or when a thread is free. Dropping the returned value removes
    /// a waiting read from the queue.
    pub(super) fn submit(&self, read: Read) -> Result<QueuedRead, Fault> {
        let mut state = self.0.state();
        if state.running.len() < self.0.max_threads {
            let wakeup = self.0.reserve_thread(&mut state)?;
            state.assign(read);
            drop(state);
            wakeup.notify(&self.0.wakeup);
            return Ok(QueuedRead(None));
        }
        if state.waiting.len() >= self.0.capacity {
            return Err(Fault::Unavailable("the queue of reads is full".into()));
        }
        let number = state.submitted;
        state.submitted += 1;
        state.waiting.insert(number, read);
        Ok(QueuedRead(Some((Arc::clone(&self.0), number))))
    }

    /// Replaces stuck threads: `renew` provides new connections, and waiting reads go to other threads. A stuck
    /// thread exits as soon as its call to the database returns.
    pub(super) fn replace_stuck(&self, renew: impl FnOnce()) {
        let Some(stuck_after) = self.0.stuck_after else { return };
        let mut state = self.0.state();
        let room = (self.0.max_threads * MAX_REPLACEMENTS).saturating_sub(state.replaced);
        let is_stuck = |(_, since): &(&u64, &Instant)| since.elapsed() >= stuck_after;
        let stuck: Vec<u64> = state.running.iter().filter(is_stuck).take(room).map(|(run, _)| *run).collect();
        if stuck.is_empty() {
            return;
        }
        state.running.retain(|run, _| !stuck.contains(run));
        state.replaced += stuck.len();
        renew();
        let mut wakeups = Vec::new();
        while state.running.len() < self.0.max_threads && !state.waiting.is_empty() {
            match self.0.reserve_thread(&mut state) {
                Ok(wakeup) => wakeups.push(wakeup),
                Err(fault) => {
                    tracing::error!(%fault, "a stuck reading thread cannot be replaced");
                    break;
                }
            }
            if let Some((_, read)) = state.waiting.pop_first() {
                state.assign(read);
            }
        }
        drop(state);
        tracing::warn!(
            reads = stuck.len(),
            "reads are stuck in the database; their threads and connections are replaced"
        );
        for wakeup in wakeups {
            wakeup.notify(&self.0.wakeup);
        }
    }

    /// The maximum number of waiting reads.
    pub(super) fn capacity(&self) -> usize {
        self.0.capacity
    }

    /// A snapshot of the queue.
    pub(super) fn usage(&self) -> Usage {
        let State { waiting, running, replaced, .. } = &*self.0.state();
        Usage { waiting: waiting.len(), running: running.len(), replaced: *replaced }
    }
}

impl Drop for ReadQueue {
    /// Waits for running reads. If the process exits next, OpenSSL would be torn down under a thread that uses it.
    fn drop(&mut self) {
        self.0.state().is_closed = true;
        self.0.wakeup.notify_all();
        let is_used = |state: &mut State| !state.running.is_empty();
        drop(self.0.wakeup.wait_timeout_while(self.0.state(), SHUTDOWN_WAIT, is_used));
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Assigns a read to the thread that was reserved for it.
    fn assign(&mut self, read: Read) {
        let run = self.runs;
        self.runs += 1;
        self.running.insert(run, Instant::now());
        self.assigned.push_back((run, read));
    }
}

/// A submitted read. Dropping it removes a waiting read from the queue.
#[must_use = "dropping it removes the read from the queue"]
pub(super) struct QueuedRead(Option<(Arc<Shared>, u64)>);

impl Drop for QueuedRead {
    fn drop(&mut self) {
        if let Some((shared, number)) = self.0.take() {
            let _read = shared.state().waiting.remove(&number);
        }
    }
}

#[cfg(test)]
mod tests;
