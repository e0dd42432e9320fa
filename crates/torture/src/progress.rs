//! The progress of a trial, as its supervisor sees it.

use std::{
    cell::RefCell,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// Failures and progress of a trial. They outlive its thread, which may be abandoned when the time is up.
#[derive(Debug)]
pub struct Progress {
    failures: Mutex<Vec<String>>,
    rounds: AtomicU32,
    /// Time of the last progress: an answer, or the end of a wait or a pause.
    last: Mutex<Instant>,
    wait: Mutex<Option<(String, Instant)>>,
}

thread_local! {
    /// Progress of the trial that this thread runs.
    static CURRENT: RefCell<Option<Arc<Progress>>> = const { RefCell::new(None) };
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            failures: Mutex::default(),
            rounds: AtomicU32::default(),
            last: Mutex::new(Instant::now()),
            wait: Mutex::default(),
        }
    }
}

impl Progress {
    /// Adds a failure.
    pub fn record_failure(&self, what: impl Into<String>) {
        lock(&self.failures).push(what.into());
    }

    /// Takes all failures.
    pub fn take_failures(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.failures))
    }

    /// Begins a round.
    pub fn begin_round(&self) {
        self.rounds.fetch_add(1, Ordering::Relaxed);
        self.mark_progress();
    }

    /// Number of rounds that have begun.
    pub fn rounds(&self) -> u32 {
        self.rounds.load(Ordering::Relaxed)
    }

    /// Notes that the trial makes progress.
    pub fn mark_progress(&self) {
        *lock(&self.last) = Instant::now();
    }

    /// Time since the last progress.
    pub fn idle_time(&self) -> Duration {
        lock(&self.last).elapsed()
    }

    /// Says what the trial waits for, for messages.
    pub fn current_wait(&self) -> String {
        match &*lock(&self.wait) {
            Some((what, since)) => format!("it waited {} s for: {what}", since.elapsed().as_secs()),
            None => format!("it was in round {}, outside of any wait", self.rounds()),
        }
    }

    /// Makes this the progress of the trial that the current thread runs.
    pub fn attach(self: &Arc<Self>) {
        CURRENT.set(Some(Arc::clone(self)));
    }
}

/// Runs `wait`; meanwhile the trial of this thread, if any, reports that it waits for `what`.
pub fn waiting_for<T>(what: &str, wait: impl FnOnce() -> T) -> T {
    let Some(progress) = CURRENT.with_borrow(Clone::clone) else { return wait() };
    let before = lock(&progress.wait).replace((what.to_owned(), Instant::now()));
    let result = wait();
    *lock(&progress.wait) = before;
    progress.mark_progress();
    result
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_named_while_it_lasts() {
        let progress = Arc::new(Progress::default());
        progress.attach();
        let inner = waiting_for("the outer", || waiting_for("the inner", || progress.current_wait()));
        assert_eq!(inner, "it waited 0 s for: the inner");
        assert_eq!(progress.current_wait(), "it was in round 0, outside of any wait");
        CURRENT.set(None);
        assert_eq!(
            waiting_for("unseen", || progress.current_wait()),
            "it was in round 0, outside of any wait"
        );
    }
}
