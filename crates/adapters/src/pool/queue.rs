//! The queue of reads, and the threads that run them.

mod threads;
mod waiting;

pub(super) use waiting::Work;

use crate::Fault;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use waiting::Waiting;

/// Maximum number of look-ups that run together. With the default of four threads, this is enough for hundreds of
/// clients; the smaller the number, the less a look-up waits for those that are taken along with it.
const MAX_LOOK_UPS: usize = 64;

/// Maximum number of replaced threads that are still stuck, as a multiple of the number of threads. Each holds a
/// connection.
const MAX_REPLACEMENTS: usize = 2;

/// Time after which an idle thread exits.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);

/// Longest wait at shutdown for running reads. Slower ones are waiting for the server.
const SHUTDOWN_WAIT: Duration = Duration::from_secs(1);

/// A read.
pub(super) type Read = Box<dyn FnOnce() -> Reply + Send>;

/// Sends the callers their answers. Called after the thread has taken its next work, or counts as idle.
pub(super) type Reply = Box<dyn FnOnce()>;

/// Runs look-ups that waited together.
pub(super) type RunLookUps<L> = Box<dyn Fn(Vec<L>) -> Reply + Send + Sync>;

/// Runs reads in a few threads; further reads wait, up to a bound.
///
/// A thread that finishes a read takes the next one itself, so that under load no thread is woken for it. The
/// threads exit when the queue is dropped.
///
/// A thread that begins a look-up also takes the waiting look-ups, and runs all of them together. It does not wait for
/// further ones.
pub(super) struct ReadQueue<L>(Arc<Shared<L>>);

struct Shared<L> {
    state: Mutex<State<L>>,
    /// Wakes idle threads when a read is assigned or the queue is closed, and the closing thread when a read ends.
    wakeup: Condvar,
    max_threads: usize,
    capacity: usize,
    stuck_after: Option<Duration>,
    run_look_ups: RunLookUps<L>,
}

/// The state of the queue. A run is the work that a thread does without becoming idle: the read assigned to it, and
/// then the waiting reads that it takes one after another.
struct State<L> {
    waiting: Waiting<L>,
    /// The runs, by number, each with the start time of its current read.
    running: BTreeMap<u64, Instant>,
    runs: u64,
    /// Reads with a reserved thread that has not taken them yet, each with the number of its run.
    assigned: VecDeque<(u64, Work<L>)>,
    idle_threads: usize,
    /// Replaced threads that are still stuck.
    replaced: usize,
    is_closed: bool,
}

impl<L> Default for State<L> {
    fn default() -> Self {
        Self {
            waiting: Waiting::default(),
            running: BTreeMap::new(),
            runs: 0,
            assigned: VecDeque::new(),
            idle_threads: 0,
            replaced: 0,
            is_closed: false,
        }
    }
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

impl<L: Send + 'static> ReadQueue<L> {
    /// A queue for at most `capacity` waiting reads and `threads` threads. A thread that runs one read for
    /// `stuck_after` is replaced.
    pub(super) fn new(
        threads: usize,
        capacity: usize,
        stuck_after: Option<Duration>,
        run_look_ups: RunLookUps<L>,
    ) -> Self {
        let state = Mutex::default();
        let wakeup = Condvar::new();
        Self(Arc::new(Shared { state, wakeup, max_threads: threads, capacity, stuck_after, run_look_ups }))
    }

    /// Runs `work` in a thread that may block, at once or when a thread is free. Dropping the returned value removes
    /// waiting work from the queue.
    pub(super) fn submit(&self, work: Work<L>) -> Result<Place<L>, Fault> {
        let mut state = self.0.state();
        let has_room = state.waiting.len() < self.0.capacity;
        // A look-up that is taken along waits for a thread that is about to begin another look-up, and runs with it.
        let is_taken_along = has_room && matches!(work, Work::LookUp(_)) && state.can_take_another_look_up();
        if state.running.len() < self.0.max_threads && !is_taken_along {
            let wakeup = self.0.reserve_thread(&mut state)?;
            state.assign(work);
            drop(state);
            wakeup.notify(&self.0.wakeup);
            return Ok(Place(None));
        }
        if !has_room {
            return Err(Fault::Unavailable("the queue of reads is full".into()));
        }
        let number = state.waiting.push(work);
        Ok(Place(Some((Arc::clone(&self.0), number))))
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
        while state.running.len() < self.0.max_threads && state.waiting.len() > 0 {
            match self.0.reserve_thread(&mut state) {
                Ok(wakeup) => wakeups.push(wakeup),
                Err(fault) => {
                    tracing::error!(%fault, "a stuck reading thread cannot be replaced");
                    break;
                }
            }
            if let Some(work) = state.waiting.pop_first() {
                state.assign(work);
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

impl<L> Drop for ReadQueue<L> {
    /// Waits for running reads. If the process exits next, OpenSSL would be torn down under a thread that uses it.
    fn drop(&mut self) {
        self.0.state().is_closed = true;
        self.0.wakeup.notify_all();
        let is_used = |state: &mut State<L>| !state.running.is_empty();
        drop(self.0.wakeup.wait_timeout_while(self.0.state(), SHUTDOWN_WAIT, is_used));
    }
}

impl<L> Shared<L> {
    fn state(&self) -> MutexGuard<'_, State<L>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<L> State<L> {
    /// Assigns work to the thread that was reserved for it.
    fn assign(&mut self, work: Work<L>) {
        let run = self.runs;
        self.runs += 1;
        self.running.insert(run, Instant::now());
        self.assigned.push_back((run, work));
    }

    /// True if a thread that is about to begin a look-up will take another one along.
    fn can_take_another_look_up(&self) -> bool {
        let beginning = self.assigned.iter().filter(|(_, work)| matches!(work, Work::LookUp(_))).count();
        self.waiting.look_ups() < beginning * (MAX_LOOK_UPS - 1)
    }
}

/// The place of submitted work in the queue. Dropping it removes work that waits.
#[must_use = "dropping it removes the work from the queue"]
pub(super) struct Place<L>(Option<(Arc<Shared<L>>, u64)>);

impl<L> Place<L> {
    /// Ends a place whose work is known to have run.
    pub(super) fn end(mut self) {
        self.0 = None;
    }
}

impl<L> Drop for Place<L> {
    fn drop(&mut self) {
        if let Some((shared, number)) = self.0.take() {
            let _work = shared.state().waiting.remove(number);
        }
    }
}

#[cfg(test)]
mod tests;
