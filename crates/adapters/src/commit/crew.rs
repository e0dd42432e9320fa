//! The writers' threads, and the replacement of one that is stuck.
//!
//! A writer that has been at one batch for long is replaced: another one takes from the queue, on a connection of its own, and
//! the writer ends when it returns.

use std::{
    io, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// The most writers that were replaced and have not returned; each holds a thread and a connection.
const MOST_LEFT: usize = 16;

/// The state of one writer.
#[derive(Default)]
pub(super) struct Shift(Mutex<State>);

#[derive(Default)]
struct State {
    busy_since: Option<Instant>,
    is_replaced: bool,
}

impl Shift {
    /// Notes that a batch begins.
    pub(super) fn begin(&self) {
        self.state().busy_since = Some(Instant::now());
    }

    /// Notes that the batch has ended, and tells whether the writer is to go on.
    pub(super) fn end(&self) -> bool {
        let mut state = self.state();
        state.busy_since = None;
        !state.is_replaced
    }

    /// Starts another writer by `start` if this one has been at its batch for `patience`. Its batch cannot end meanwhile, so it
    /// takes no other one.
    fn replace_if_stuck<T>(
        &self,
        patience: Duration,
        start: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        let mut state = self.state();
        if state.busy_since.is_none_or(|since| since.elapsed() < patience) {
            return Ok(None);
        }
        let started = start()?;
        state.is_replaced = true;
        Ok(Some(started))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
    at_work: Vec<Member>,
    /// Writers that were replaced. They take no further batch, and the callers of the one that they have are gone.
    left: Vec<JoinHandle<()>>,
}

type Member = (Arc<Shift>, JoinHandle<()>);

impl Crew {
    /// Starts `size` writers.
    pub(super) fn start(size: usize, patience: Option<Duration>, spawn: Spawn) -> io::Result<Self> {
        let crew = Self { spawn, patience, members: Mutex::default() };
        crew.members().at_work = (0..size).map(|_| crew.member()).collect::<io::Result<_>>()?;
        Ok(crew)
    }

    fn member(&self) -> io::Result<Member> {
        let shift = Arc::<Shift>::default();
        let thread = (self.spawn)(Arc::clone(&shift))?;
        Ok((shift, thread))
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the writers that are stuck.
    pub(super) fn replace_stuck(&self) {
        let Some(patience) = self.patience else { return };
        let mut members = self.members();
        let Members { at_work, left } = &mut *members;
        left.retain(|thread| !thread.is_finished());
        for member in at_work {
            if left.len() == MOST_LEFT {
                return;
            }
            match member.0.replace_if_stuck(patience, || self.member()) {
                Ok(None) => {}
                Ok(Some(new)) => {
                    tracing::warn!("a writer does not return from the database; another one goes on");
                    left.push(mem::replace(member, new).1);
                }
                Err(error) => tracing::error!(%error, "a writer that is stuck cannot be replaced"),
            }
        }
    }

    /// Waits for the end of the writers that are at work.
    pub(super) fn join(&self) {
        let members = mem::take(&mut *self.members());
        for (_, thread) in members.at_work {
            if thread.join().is_err() {
                tracing::error!("a writer panicked while it shut down");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gochat_test_support::deadline::eventually;
    use std::{
        sync::{
            atomic::{AtomicUsize, Ordering},
            mpsc,
        },
        thread,
    };

    #[test]
    fn a_writer_whose_batch_has_ended_is_not_replaced_and_one_that_was_takes_no_other_batch() {
        let shift = Shift::default();
        let replace = || shift.replace_if_stuck(Duration::ZERO, || Ok(())).unwrap();
        assert_eq!(replace(), None);
        shift.begin();
        assert!(shift.end());
        assert_eq!(replace(), None);
        shift.begin();
        assert!(
            shift.replace_if_stuck(Duration::ZERO, || Err::<(), _>(io::Error::other("no thread"))).is_err()
        );
        assert!(shift.end());
        shift.begin();
        assert_eq!(replace(), Some(()));
        assert!(!shift.end());
    }

    #[test]
    fn the_end_waits_for_the_writers_at_work_and_not_for_those_that_were_replaced() {
        let (frozen, never) = mpsc::channel::<()>();
        let never = Mutex::new(Some(never));
        let ended = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&ended);
        // The first one is stuck until the sender goes, the others have one batch each.
        let spawn = move |shift: Arc<Shift>| {
            let (never, ended) = (never.lock().unwrap().take(), Arc::clone(&count));
            shift.begin();
            thread::Builder::new().spawn(move || {
                let _thawed = never.map(|never| never.recv());
                if shift.end() {
                    ended.fetch_add(1, Ordering::SeqCst);
                }
            })
        };
        let crew = Crew::start(1, Some(Duration::ZERO), Box::new(spawn)).unwrap();
        crew.replace_stuck();
        crew.join();
        assert_eq!(ended.load(Ordering::SeqCst), 1);
        drop(frozen);
        eventually("the one that was replaced ends without another batch", || {
            (Arc::strong_count(&ended) == 2).then_some(())
        });
        assert_eq!(ended.load(Ordering::SeqCst), 1);
    }
}
