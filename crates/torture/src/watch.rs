//! The part of a trial that is seen from outside while it runs.

use std::{
    cell::RefCell,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// Findings and progress of a trial. They outlive its thread, which the clock may leave to itself.
#[derive(Debug)]
pub struct Watch {
    wrong: Mutex<Vec<String>>,
    rounds: AtomicU32,
    /// Last sign of progress: an answer, or the end of a wait or a pause.
    last: Mutex<Instant>,
    wait: Mutex<Option<(String, Instant)>>,
}

thread_local! {
    /// The trial that this thread runs.
    static OWN: RefCell<Option<Arc<Watch>>> = const { RefCell::new(None) };
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            wrong: Mutex::default(),
            rounds: AtomicU32::default(),
            last: Mutex::new(Instant::now()),
            wait: Mutex::default(),
        }
    }
}

impl Watch {
    /// Adds something that is wrong.
    pub fn wrong(&self, what: impl Into<String>) {
        lock(&self.wrong).push(what.into());
    }

    /// Takes all that was wrong.
    pub fn take_wrong(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.wrong))
    }

    /// Begins a round.
    pub fn begin_round(&self) {
        self.rounds.fetch_add(1, Ordering::Relaxed);
        self.goes_on();
    }

    /// Rounds that began.
    pub fn rounds(&self) -> u32 {
        self.rounds.load(Ordering::Relaxed)
    }

    /// Notes that the trial goes on.
    pub fn goes_on(&self) {
        *lock(&self.last) = Instant::now();
    }

    /// Time since the last sign of progress.
    pub fn quiet(&self) -> Duration {
        lock(&self.last).elapsed()
    }

    /// The wait that the trial is in, for messages.
    pub fn waits_for(&self) -> String {
        match &*lock(&self.wait) {
            Some((what, since)) => format!("it waited {} s for: {what}", since.elapsed().as_secs()),
            None => format!("it was in round {}, and named no wait", self.rounds()),
        }
    }

    /// Makes it the trial of this thread.
    pub fn attach(self: &Arc<Self>) {
        OWN.set(Some(Arc::clone(self)));
    }
}

/// Waits within `wait`; until then the trial of this thread, if there is one, says that it waits for `what`.
pub fn during<T>(what: &str, wait: impl FnOnce() -> T) -> T {
    let Some(watch) = OWN.with_borrow(Clone::clone) else { return wait() };
    let before = lock(&watch.wait).replace((what.to_owned(), Instant::now()));
    let result = wait();
    *lock(&watch.wait) = before;
    watch.goes_on();
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
        let watch = Arc::new(Watch::default());
        watch.attach();
        let inner = during("the outer", || during("the inner", || watch.waits_for()));
        assert_eq!(inner, "it waited 0 s for: the inner");
        assert_eq!(watch.waits_for(), "it was in round 0, and named no wait");
        OWN.set(None);
        assert_eq!(during("unseen", || watch.waits_for()), "it was in round 0, and named no wait");
    }
}
