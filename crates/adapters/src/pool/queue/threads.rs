//! The threads that run reads.

use super::{IDLE_TIMEOUT, Read, Shared, State};
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

/// The next step of a thread after a read.
enum Next {
    /// Run the read that has waited longest.
    Read(Read),
    /// Wait for a read.
    Idle,
    /// Exit: the thread was replaced, or the queue is closed.
    Exit,
}

impl Shared {
    /// Reserves a thread for a read, which MUST be assigned before the state is unlocked.
    pub(super) fn reserve_thread(self: &Arc<Self>, state: &mut State) -> Result<Wakeup, Fault> {
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

    fn serve(&self) {
        while let Some((run, read)) = self.assigned() {
            let mut next = Next::Read(read);
            while let Next::Read(read) = next {
                // A panic fails only this read: its caller sees a closed channel.
                let reply = panic::catch_unwind(AssertUnwindSafe(read));
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

    /// Waits for an assigned read. `None` after the idle timeout, or when the queue is closed.
    fn assigned(&self) -> Option<(u64, Read)> {
        let end = Instant::now() + IDLE_TIMEOUT;
        let mut state = self.state();
        loop {
            if let Some(read) = state.assigned.pop_front() {
                return Some(read);
            }
            let rest = end.saturating_duration_since(Instant::now());
            if state.is_closed || rest.is_zero() {
                state.idle_threads -= 1;
                return None;
            }
            state = self.wakeup.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends a run, or continues it with the next read. If none waits, the thread becomes idle under the same lock, so
    /// that no read can be queued in between without a thread.
    fn next(&self, run: u64) -> Next {
        let mut state = self.state();
        let State { waiting, running, .. } = &mut *state;
        let Some(since) = running.get_mut(&run) else {
            state.replaced -= 1;
            return Next::Exit;
        };
        if let Some((_, read)) = waiting.pop_first() {
            *since = Instant::now();
            return Next::Read(read);
        }
        state.running.remove(&run);
        if state.is_closed {
            self.wakeup.notify_all();
            return Next::Exit;
        }
        state.idle_threads += 1;
        Next::Idle
    }
}
