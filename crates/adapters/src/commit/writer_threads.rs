//! The threads of the writers, and the replacement of a stuck one.
//!
//! A writer that works on one batch for too long is replaced by another one with a connection of its own. The stuck
//! writer exits as soon as its call to the database returns.

use std::{
    io, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Maximum number of replaced writers that are still stuck; each holds a thread and a connection.
const MAX_REPLACED: usize = 16;

/// The status of one writer.
#[derive(Default)]
pub(super) struct WriterStatus(Mutex<State>);

#[derive(Default)]
struct State {
    busy_since: Option<Instant>,
    is_replaced: bool,
}

impl WriterStatus {
    /// Marks the start of a batch.
    pub(super) fn begin_batch(&self) {
        self.state().busy_since = Some(Instant::now());
    }

    /// Marks the end of the batch, and returns false if the writer was replaced and must exit.
    pub(super) fn end_batch(&self) -> bool {
        let mut state = self.state();
        state.busy_since = None;
        !state.is_replaced
    }

    /// Starts another writer with `start` if this one has worked on its batch for `stuck_after`. The status is locked
    /// meanwhile, so the writer cannot take another batch.
    fn replace_if_stuck<T>(
        &self,
        stuck_after: Duration,
        start: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        let mut state = self.state();
        if state.busy_since.is_none_or(|since| since.elapsed() < stuck_after) {
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
type Spawn = Box<dyn Fn(Arc<WriterStatus>) -> io::Result<JoinHandle<()>> + Send + Sync>;

/// The writer threads of a queue.
pub(super) struct WriterThreads {
    spawn: Spawn,
    /// Longest time for one batch; `None` sets no limit.
    stuck_after: Option<Duration>,
    threads: Mutex<Threads>,
}

#[derive(Default)]
struct Threads {
    active: Vec<WriterThread>,
    /// Replaced writers. They take no further batch, and the callers of their current one are gone.
    replaced: Vec<JoinHandle<()>>,
}

type WriterThread = (Arc<WriterStatus>, JoinHandle<()>);

impl WriterThreads {
    /// Starts `size` writers.
    pub(super) fn start(size: usize, stuck_after: Option<Duration>, spawn: Spawn) -> io::Result<Self> {
        let threads = Self { spawn, stuck_after, threads: Mutex::default() };
        threads.lock_threads().active = (0..size).map(|_| threads.start_one()).collect::<io::Result<_>>()?;
        Ok(threads)
    }

    fn start_one(&self) -> io::Result<WriterThread> {
        let status = Arc::<WriterStatus>::default();
        let thread = (self.spawn)(Arc::clone(&status))?;
        Ok((status, thread))
    }

    fn lock_threads(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the writers that are stuck.
    pub(super) fn replace_stuck(&self) {
        let Some(stuck_after) = self.stuck_after else { return };
        let mut threads = self.lock_threads();
        let Threads { active, replaced } = &mut *threads;
        replaced.retain(|thread| !thread.is_finished());
        for writer in active {
            if replaced.len() == MAX_REPLACED {
                return;
            }
            match writer.0.replace_if_stuck(stuck_after, || self.start_one()) {
                Ok(None) => {}
                Ok(Some(new)) => {
                    tracing::warn!("a writer is stuck in the database and is replaced");
                    replaced.push(mem::replace(writer, new).1);
                }
                Err(error) => tracing::error!(%error, "a stuck writer cannot be replaced"),
            }
        }
    }

    /// Waits for the active writers to exit.
    pub(super) fn join(&self) {
        let threads = mem::take(&mut *self.lock_threads());
        for (_, thread) in threads.active {
            if thread.join().is_err() {
                tracing::error!("a writer panicked during shutdown");
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
    fn only_a_stuck_writer_is_replaced_and_it_takes_no_further_batch() {
        let status = WriterStatus::default();
        let replace = || status.replace_if_stuck(Duration::ZERO, || Ok(())).unwrap();
        assert_eq!(replace(), None);
        status.begin_batch();
        assert!(status.end_batch());
        assert_eq!(replace(), None);
        status.begin_batch();
        assert!(
            status.replace_if_stuck(Duration::ZERO, || Err::<(), _>(io::Error::other("no thread"))).is_err()
        );
        assert!(status.end_batch());
        status.begin_batch();
        assert_eq!(replace(), Some(()));
        assert!(!status.end_batch());
    }

    #[test]
    fn join_waits_for_active_writers_and_not_for_replaced_ones() {
        let (release, released) = mpsc::channel::<()>();
        let released = Mutex::new(Some(released));
        let ended = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&ended);
        // The first writer is stuck until the sender is dropped; the others have one batch each.
        let spawn = move |status: Arc<WriterStatus>| {
            let (released, ended) = (released.lock().unwrap().take(), Arc::clone(&count));
            status.begin_batch();
            thread::Builder::new().spawn(move || {
                let _disconnected = released.map(|released| released.recv());
                if status.end_batch() {
                    ended.fetch_add(1, Ordering::SeqCst);
                }
            })
        };
        let threads = WriterThreads::start(1, Some(Duration::ZERO), Box::new(spawn)).unwrap();
        threads.replace_stuck();
        threads.join();
        assert_eq!(ended.load(Ordering::SeqCst), 1);
        drop(release);
        eventually("the replaced writer exits without another batch", || {
            (Arc::strong_count(&ended) == 2).then_some(())
        });
        assert_eq!(ended.load(Ordering::SeqCst), 1);
    }
}
