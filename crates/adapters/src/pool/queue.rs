//! The queue of reads, and the threads that run them.

mod state;
mod threads;
mod waiting;

pub(super) use waiting::Work;

use crate::Fault;
use state::{Running, State};
use std::{
    iter,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

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
/// further ones. But while look-ups run that began less than `look_up_wait` ago, a look-up waits for them even if a thread
/// is free, if the last look-ups took less than that. [`ReadQueue::run_waiting`] ends that wait.
pub(super) struct ReadQueue<L>(Arc<Shared<L>>);

struct Shared<L> {
    state: Mutex<State<L>>,
    /// Wakes idle threads when a read is assigned or the queue is closed, and the closing thread when a read ends.
    wakeup: Condvar,
    max_threads: usize,
    capacity: usize,
    stuck_after: Option<Duration>,
    look_up_wait: Duration,
    run_look_ups: RunLookUps<L>,
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
    /// `stuck_after` is replaced. `look_up_wait` is zero if no look-up should wait for others that run.
    pub(super) fn new(
        threads: usize,
        capacity: usize,
        stuck_after: Option<Duration>,
        look_up_wait: Duration,
        run_look_ups: RunLookUps<L>,
    ) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::default(),
            wakeup: Condvar::new(),
            max_threads: threads,
            capacity,
            stuck_after,
            look_up_wait,
            run_look_ups,
        }))
    }

    /// Runs `work` in a thread that may block, at once or after a wait. Dropping the returned value removes waiting work
    /// from the queue.
    pub(super) fn submit(&self, work: Work<L>) -> Result<Place<L>, Fault> {
        let mut state = self.0.state();
        let has_room = state.waiting.len() < self.0.capacity;
        let waits_for_look_ups = has_room
            && matches!(work, Work::LookUp(_))
            && (state.can_take_another_look_up() || state.look_ups_end_within(self.0.look_up_wait));
        if state.running.len() < self.0.max_threads && !waits_for_look_ups {
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
        let is_stuck = |(_, running): &(&u64, &Running)| running.since.elapsed() >= stuck_after;
        let stuck: Vec<u64> = state.running.iter().filter(is_stuck).take(room).map(|(run, _)| *run).collect();
        if stuck.is_empty() {
            return;
        }
        state.running.retain(|run, _| !stuck.contains(run));
        state.replaced += stuck.len();
        renew();
        let wakeups: Vec<_> = iter::from_fn(|| self.0.assign_first_waiting(&mut state)).collect();
        drop(state);
        tracing::warn!(
            reads = stuck.len(),
            "reads are stuck in the database; their threads and connections are replaced"
        );
        for wakeup in wakeups {
            wakeup.notify(&self.0.wakeup);
        }
    }

    /// Runs the work that has waited longest, if a thread is free. If it is a look-up, the other waiting look-ups run too.
    pub(super) fn run_waiting(&self) {
        let wakeup = self.0.assign_first_waiting(&mut self.0.state());
        if let Some(wakeup) = wakeup {
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
