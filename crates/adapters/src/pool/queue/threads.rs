//! The threads that run reads.

use super::{KEEP_IDLE, Read, Shared, State};
use crate::Fault;
use std::{
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Condvar, PoisonError},
    thread,
    time::Instant,
};

/// How a reserved thread learns of its read.
#[must_use]
pub(super) enum Call {
    /// It is new, and looks by itself.
    New,
    /// It is idle, and has to be woken.
    Idle,
}

impl Call {
    /// Not to be made with the state locked: the thread would only wait for it.
    pub(super) fn make(self, called: &Condvar) {
        if let Self::Idle = self {
            called.notify_one();
        }
    }
}

/// The end of a read.
enum Next {
    /// The read that has waited longest.
    Read(Read),
    /// Nothing waits.
    Idle,
    /// Another thread has taken the place of this one, or the queue is closed.
    End,
}

impl Shared {
    /// Finds a thread for a read, which MUST be handed over before the state is unlocked.
    pub(super) fn reserve_thread(self: &Arc<Self>, state: &mut State) -> Result<Call, Fault> {
        if state.idle_threads > 0 {
            state.idle_threads -= 1;
            return Ok(Call::Idle);
        }
        let shared = Arc::clone(self);
        thread::Builder::new()
            .name("reader".into())
            .spawn(move || shared.serve())
            .map_err(|error| Fault::Unavailable(format!("no thread for a read: {error}")))?;
        Ok(Call::New)
    }

    fn serve(&self) {
        while let Some((run, read)) = self.handed_over() {
            let mut next = Next::Read(read);
            while let Next::Read(read) = next {
                // A panic fails the read alone: its caller finds that nobody will answer.
                let reply = panic::catch_unwind(AssertUnwindSafe(read));
                next = self.next(run);
                if let Ok(reply) = reply {
                    reply();
                }
            }
            if let Next::End = next {
                return;
            }
        }
    }

    /// Waits for a read. `None` after a long time without one, and when the queue is closed.
    fn handed_over(&self) -> Option<(u64, Read)> {
        let end = Instant::now() + KEEP_IDLE;
        let mut state = self.state();
        loop {
            if let Some(read) = state.handed_over.pop_front() {
                return Some(read);
            }
            let rest = end.saturating_duration_since(Instant::now());
            if state.is_closed || rest.is_zero() {
                state.idle_threads -= 1;
                return None;
            }
            state = self.called.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends a run, or goes on with the next read. Where none waits, the thread counts as idle from the same moment on, so that
    /// no read can come between and wait for it.
    fn next(&self, run: u64) -> Next {
        let mut state = self.state();
        let State { waiting, running, .. } = &mut *state;
        let Some(since) = running.get_mut(&run) else {
            state.left -= 1;
            return Next::End;
        };
        if let Some((_, read)) = waiting.pop_first() {
            *since = Instant::now();
            return Next::Read(read);
        }
        state.running.remove(&run);
        if state.is_closed {
            self.called.notify_all();
            return Next::End;
        }
        state.idle_threads += 1;
        Next::Idle
    }
}
