//! The writers' threads, and the replacement of one that is stuck.
//!
//! A writer that has been at one batch for long is left to itself, and another one takes from the queue on a connection of its
//! own.

use std::{
    io, mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// The most writers that are left to themselves; each holds a thread and a connection until its server answers.
const MOST_LEFT: usize = 16;

/// The state of one writer.
#[derive(Default)]
pub(super) struct Shift {
    busy_since: Mutex<Option<Instant>>,
    is_replaced: AtomicBool,
}

impl Shift {
    /// Notes that a batch begins.
    pub(super) fn begin(&self) {
        *self.busy_since() = Some(Instant::now());
    }

    /// Notes that the batch has ended, and tells whether the writer is to go on.
    pub(super) fn end(&self) -> bool {
        *self.busy_since() = None;
        !self.is_replaced.load(Ordering::SeqCst)
    }

    fn is_stuck(&self, patience: Duration) -> bool {
        self.busy_since().is_some_and(|since| since.elapsed() >= patience)
    }

    fn busy_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.busy_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the thread of a writer.
type Spawn = Box<dyn Fn(Arc<Shift>) -> io::Result<JoinHandle<()>> + Send + Sync>;

/// The writers of a queue.
pub(super) struct Crew {
    spawn: Spawn,
    /// Longest time at one batch; `None` sets no limit.
    patience: Option<Duration>,
    members: Mutex<Members>,
}

#[derive(Default)]
struct Members {
    at_work: Vec<(Arc<Shift>, JoinHandle<()>)>,
    left: Vec<JoinHandle<()>>,
}

impl Crew {
    /// Starts `size` writers.
    pub(super) fn start(size: usize, patience: Option<Duration>, spawn: Spawn) -> io::Result<Self> {
        let member = || {
            let shift = Arc::<Shift>::default();
            spawn(Arc::clone(&shift)).map(|thread| (shift, thread))
        };
        let at_work = (0..size).map(|_| member()).collect::<io::Result<_>>()?;
        Ok(Self { spawn, patience, members: Mutex::new(Members { at_work, left: Vec::new() }) })
    }

    /// Replaces the writers that are stuck.
    pub(super) fn replace_stuck(&self) {
        let Some(patience) = self.patience else { return };
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let Members { at_work, left } = &mut *members;
        left.retain(|thread| !thread.is_finished());
        for (shift, thread) in at_work.iter_mut().filter(|(shift, _)| shift.is_stuck(patience)) {
            if left.len() == MOST_LEFT {
                return;
            }
            let new = Arc::<Shift>::default();
            match (self.spawn)(Arc::clone(&new)) {
                Ok(started) => {
                    tracing::warn!("a writer does not come back from the database; another one goes on");
                    shift.is_replaced.store(true, Ordering::SeqCst);
                    *shift = new;
                    left.push(mem::replace(thread, started));
                }
                Err(error) => tracing::error!(%error, "a writer that is stuck cannot be replaced"),
            }
        }
    }

    /// Waits for the end of the writers that are at work.
    pub(super) fn join(&self) {
        let members = mem::take(&mut *self.members.lock().unwrap_or_else(PoisonError::into_inner));
        for (_, thread) in members.at_work {
            if thread.join().is_err() {
                tracing::error!("a writer panicked while it shut down");
            }
        }
    }
}
