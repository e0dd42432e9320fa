//! Clients that create, repeat, contend and read, and write down each answer.

mod client;
mod request;
mod tally;

pub use tally::Tally;

use crate::{ledger::Ledger, progress::Progress, wait::wait_for};
use client::Worker;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// What a load is.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where requests go: each client has one of these ports, and takes the next when one refuses.
    pub ports: Vec<u16>,
    pub key: String,
    pub clients: usize,
    /// Begins every name, so that no two loads on one database have one in common.
    pub tag: String,
    pub seed: u64,
    /// Pause of a client between two requests.
    pub pause: Duration,
    /// Where it is written down what is wrong.
    pub progress: Arc<Progress>,
}

/// How long after the end of an excuse its statuses are still tolerated: requests that began before are answered by then.
const GRACE: Duration = Duration::from_secs(2);

/// A load that runs, as the one that hurts the service sees it.
pub struct Load {
    pub created: AtomicU64,
    pub unavailable: AtomicU64,
    pub broken: AtomicU64,
    /// When the database may no longer store anything: a create that is asked after it and is 201 is wrong.
    nothing_stored: Mutex<Option<Instant>>,
    /// Statuses beside 503 that the fault excuses, and the end of that.
    tolerated: Mutex<(Vec<u16>, Option<Instant>)>,
    /// Which of the things that are wrong count.
    counts: Mutex<fn(&str) -> bool>,
    progress: Arc<Progress>,
    is_over: AtomicBool,
    /// Whether the service is well at the end, so that a retry must be answered.
    must_settle: AtomicBool,
    latencies: Mutex<Vec<Duration>>,
    races: AtomicU64,
}

/// What came out of a load.
#[derive(Default)]
pub struct Outcome {
    pub ledger: Ledger,
    pub tally: Tally,
}

impl Load {
    fn new(progress: Arc<Progress>) -> Self {
        Self {
            created: AtomicU64::new(0),
            unavailable: AtomicU64::new(0),
            broken: AtomicU64::new(0),
            nothing_stored: Mutex::new(None),
            tolerated: Mutex::default(),
            counts: Mutex::new(|_| true),
            progress,
            is_over: AtomicBool::new(false),
            must_settle: AtomicBool::new(true),
            latencies: Mutex::new(Vec::new()),
            races: AtomicU64::new(0),
        }
    }

    /// Waits until so many more groups were created.
    pub fn more_created(&self, count: u64) -> anyhow::Result<()> {
        more(&self.created, count, "groups are created")
    }

    /// Waits until so many more requests were answered 503.
    pub fn more_unavailable(&self, count: u64) -> anyhow::Result<()> {
        more(&self.unavailable, count, "requests are answered 503")
    }

    /// From now on nothing may be acknowledged, or again.
    pub fn expect_nothing_stored(&self, expected: bool) {
        *self.nothing_stored.lock().unwrap_or_else(PoisonError::into_inner) = expected.then(Instant::now);
    }

    fn nothing_stored_since(&self) -> Option<Instant> {
        *self.nothing_stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on these statuses leave it open what became of a request, as 503 does.
    pub fn tolerate(&self, statuses: &[u16]) {
        *self.tolerated.lock().unwrap_or_else(PoisonError::into_inner) = (statuses.to_vec(), None);
    }

    /// The fault is over: answers after [`GRACE`] are tolerated no more.
    pub fn end_tolerance(&self) {
        self.tolerated.lock().unwrap_or_else(PoisonError::into_inner).1 = Some(Instant::now() + GRACE);
    }

    /// From now on only such things are wrong.
    pub fn report_only(&self, counts: fn(&str) -> bool) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = counts;
    }

    /// Writes down at once what is wrong: the clock may end the trial before the load ends.
    fn record_failure(&self, what: String) {
        if self.counts.lock().unwrap_or_else(PoisonError::into_inner)(&what) {
            self.progress.record_failure(what);
        }
    }

    /// Whether a status that comes now leaves it open what became of a request.
    fn is_inconclusive(&self, status: u16) -> bool {
        let (statuses, end) = &*self.tolerated.lock().unwrap_or_else(PoisonError::into_inner);
        status == 503 || statuses.contains(&status) && end.is_none_or(|end| Instant::now() < end)
    }

    /// The service is not well when the load ends, so what is open stays open.
    pub fn skip_settling(&self) {
        self.must_settle.store(false, Ordering::Relaxed);
    }

    /// Takes the latencies of the requests that were answered since the last call, in order.
    pub fn latencies(&self) -> Vec<Duration> {
        let mut latencies =
            std::mem::take(&mut *self.latencies.lock().unwrap_or_else(PoisonError::into_inner));
        latencies.sort();
        latencies
    }
}

/// Waits until a counter has grown by so much.
fn more(counter: &AtomicU64, count: u64, what: &str) -> anyhow::Result<()> {
    let wanted = counter.load(Ordering::Relaxed) + count;
    wait_for(what, || Ok((counter.load(Ordering::Relaxed) >= wanted).then_some(())))
}

/// Runs `work` while the clients of the plan send requests. When it returns, each client settles what is open, and ends.
pub fn run<T>(plan: &Plan, work: impl FnOnce(&Load) -> anyhow::Result<T>) -> (anyhow::Result<T>, Outcome) {
    let load = Load::new(Arc::clone(&plan.progress));
    thread::scope(|scope| {
        let clients: Vec<_> = (0..plan.clients)
            .map(|number| {
                let worker = Worker::new(number, plan, &load);
                scope.spawn(move || worker.run())
            })
            .collect();
        let result = work(&load);
        if result.is_err() {
            load.skip_settling();
        }
        load.is_over.store(true, Ordering::Relaxed);
        let mut outcome = Outcome::default();
        for client in clients {
            match client.join() {
                Ok(part) => {
                    outcome.ledger.append(part.ledger);
                    outcome.tally += part.tally;
                }
                Err(_) => plan.progress.record_failure("a client panicked"),
            }
        }
        (result, outcome)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_excused_until_shortly_after_the_fault() {
        let load = Load::new(Arc::default());
        let open = |load: &Load| [503, 408].map(|status| load.is_inconclusive(status));
        assert_eq!(open(&load), [true, false]);
        load.tolerate(&[408]);
        assert_eq!(open(&load), [true, true]);
        load.end_tolerance();
        assert_eq!(open(&load), [true, true]);
        load.tolerated.lock().unwrap().1 = Some(Instant::now());
        assert_eq!(open(&load), [true, false]);
    }
}
