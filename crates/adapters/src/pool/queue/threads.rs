//! The threads that run reads.

use super::{IDLE_TIMEOUT, MAX_LOOK_UPS, Read, Reply, Running, Shared, State, Work};
use crate::Fault;
use std::{
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Condvar, PoisonError},
    thread,
    time::Instant,
};

/// Tells whether a reserved thread must be woken to take its read.
#[must_use]
pub(super) enum Wakeup {
    /// A new thread, which looks for work itself.
    New,
    /// An idle thread, which must be woken.
    Idle,
}

impl Wakeup {
    /// Must be called without holding the state lock: the woken thread needs it.
    pub(super) fn notify(self, wakeup: &Condvar) {
        if let Self::Idle = self {
            wakeup.notify_one();
        }
    }
}

/// The work that a thread runs in one call: a read, or look-ups together.
enum Task<L> {
    Read(Read),
    LookUps(Vec<L>),
}

/// The next step of a thread after a task.
enum Next<L> {
    /// Run the work that has waited longest.
    Run(Task<L>),
    /// Wait for work.
    Idle,
    /// Exit: the thread was replaced, or the queue is closed.
    Exit,
}

impl<L> State<L> {
    /// Makes a task of `work`: a look-up takes the waiting ones along.
    fn task(&mut self, work: Work<L>) -> Task<L> {
        match work {
            Work::Read(read) => Task::Read(read),
            Work::LookUp(first) => {
                let others = self.waiting.take_look_ups(MAX_LOOK_UPS - 1);
                Task::LookUps(std::iter::once(first).chain(others).collect())
            }
        }
    }
}

impl<L: Send + 'static> Shared<L> {
    /// Reserves a thread for work, which MUST be assigned before the state is unlocked.
    pub(super) fn reserve_thread(self: &Arc<Self>, state: &mut State<L>) -> Result<Wakeup, Fault> {
        if state.idle_threads > 0 {
            state.idle_threads -= 1;
            return Ok(Wakeup::Idle);
        }
        let shared = Arc::clone(self);
        thread::Builder::new()
            .name("reader".into())
            .spawn(move || shared.serve())
            .map_err(|error| Fault::Unavailable(format!("cannot start a thread for a read: {error}")))?;
        Ok(Wakeup::New)
    }

    /// Assigns the work that has waited longest to a thread, if there is both. The thread must be woken.
    pub(super) fn assign_first_waiting(self: &Arc<Self>, state: &mut State<L>) -> Option<Wakeup> {
        if state.running.len() >= self.max_threads || state.waiting.len() == 0 {
            return None;
        }
        let reserved = self.reserve_thread(state);
        let wakeup = reserved
            .inspect_err(|fault| tracing::error!(%fault, "reads wait although there is room for a thread"))
            .ok()?;
        if let Some(work) = state.waiting.pop_first() {
            state.assign(work);
        }
        Some(wakeup)
    }

    fn serve(&self) {
        while let Some((run, task)) = self.assigned() {
            let mut next = Next::Run(task);
            while let Next::Run(task) = next {
                // A panic fails only this task: its callers see closed channels.
                let reply = panic::catch_unwind(AssertUnwindSafe(|| self.run(task)));
                next = self.next(run);
                if let Ok(reply) = reply {
                    reply();
                }
            }
            if let Next::Exit = next {
                return;
            }
        }
    }

    fn run(&self, task: Task<L>) -> Reply {
        match task {
            Task::Read(read) => read(),
            Task::LookUps(look_ups) => (self.run_look_ups)(look_ups),
        }
    }

    /// Waits for assigned work. `None` after the idle timeout, or when the queue is closed.
    fn assigned(&self) -> Option<(u64, Task<L>)> {
        let end = Instant::now() + IDLE_TIMEOUT;
        let mut state = self.state();
        loop {
            if let Some((run, work)) = state.assigned.pop_front() {
                return Some((run, state.task(work)));
            }
            let rest = end.saturating_duration_since(Instant::now());
            if state.is_closed || rest.is_zero() {
                state.idle_threads -= 1;
                return None;
            }
            state = self.wakeup.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends a run, or continues it with the next work. If none waits, the thread becomes idle under the same lock, so
    /// that nothing can be queued in between without a thread.
    fn next(&self, run: u64) -> Next<L> {
        let mut state = self.state();
        if !state.end(run) {
            state.replaced -= 1;
            return Next::Exit;
        }
        if let Some(work) = state.waiting.pop_first() {
            state.running.insert(run, Running::begin(&work));
            return Next::Run(state.task(work));
        }
        if state.is_closed {
            self.wakeup.notify_all();
            return Next::Exit;
        }
        state.idle_threads += 1;
        Next::Idle
    }
}
