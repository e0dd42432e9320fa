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
enum Next<C> {
    /// The read that has waited longest.
    Read(Read<C>),
    /// Nothing waits.
    Idle,
    /// Another thread has taken the place of this one, or the queue is closed.
    End,
}

impl<C: Send + 'static> Shared<C> {
    /// Finds a thread for a read, which MUST be handed over before the state is unlocked.
    pub(super) fn reserve_thread(self: &Arc<Self>, state: &mut State<C>) -> Result<Call, Fault> {
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
        while let Some((run, read, mut connection)) = self.handed_over() {
            let mut next = Next::Read(read);
            while let Next::Read(read) = next {
                // A panic fails the read alone: its caller finds that nobody will answer.
                let reply = panic::catch_unwind(AssertUnwindSafe(|| read(&mut connection)));
                if reply.is_err() {
                    connection = None;
                }
                next = self.next(run, &mut connection);
                if let Ok(reply) = reply {
                    reply();
                }
            }
            if let Next::End = next {
                return;
            }
        }
    }

    /// Waits for a read, and takes the connection that was used last. `None` after a long time without a read, and when the
    /// queue is closed.
    fn handed_over(&self) -> Option<(u64, Read<C>, Option<C>)> {
        let end = Instant::now() + KEEP_IDLE;
        let mut state = self.state();
        loop {
            if let Some((run, read)) = state.handed_over.pop_front() {
                let connection = state.idle.pop_back().map(|(connection, _)| connection);
                return Some((run, read, connection));
            }
            let rest = end.saturating_duration_since(Instant::now());
            if state.is_closed || rest.is_zero() {
                state.idle_threads -= 1;
                let old = state.take_old();
                drop(state);
                drop(old);
                return None;
            }
            state = self.called.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends a run, or goes on with the next read. Where none waits, the thread counts as idle from the same moment on, so that
    /// no read can come between and wait for it.
    fn next(&self, run: u64, connection: &mut Option<C>) -> Next<C> {
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
        if state.is_closed {
            drop(state);
            // Before the queue learns that the thread is done with it.
            *connection = None;
            self.state().running.remove(&run);
            self.called.notify_all();
            return Next::End;
        }
        state.running.remove(&run);
        state.idle_threads += 1;
        state.idle.extend(connection.take().map(|connection| (connection, Instant::now())));
        let old = state.take_old();
        drop(state);
        drop(old);
        Next::Idle
    }
}

impl<C> State<C> {
    /// Takes the connections that nothing has used for long. They are to be closed with the state unlocked.
    fn take_old(&mut self) -> Vec<C> {
        let is_old = |(_, since): &(C, Instant)| since.elapsed() >= KEEP_IDLE;
        let old = self.idle.iter().take_while(|idle| is_old(idle)).count();
        self.idle.drain(..old).map(|(connection, _)| connection).collect()
    }
}
