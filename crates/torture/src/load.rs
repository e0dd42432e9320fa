//! Clients that create, repeat, compete and read, and record each answer.

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

/// The parameters of a load.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Ports of the servers. Each client uses one, and the next one after a broken connection.
    pub ports: Vec<u16>,
    /// The API key of all clients.
    pub key: String,
    pub clients: usize,
    /// Prefix of every name, so that two loads on one database have different names.
    pub tag: String,
    pub seed: u64,
    /// Pause of a client between two requests.
    pub pause: Duration,
    /// Destination of failures.
    pub progress: Arc<Progress>,
}

/// Time after the end of a fault during which the statuses that it may cause are still tolerated. Requests that began before that end
/// are answered within this time.
const GRACE: Duration = Duration::from_secs(2);

/// A running load, for the code that injects the fault.
pub struct Load {
    pub created: AtomicU64,
    pub unavailable: AtomicU64,
    /// Time since which the database cannot store anything: a 201 to a later create is a failure.
    nothing_stored: Mutex<Option<Instant>>,
    /// Statuses other than 503 that the fault may cause, and the time until which they are tolerated.
    tolerated: Mutex<(Vec<u16>, Option<Instant>)>,
    /// Failures that do not pass this filter are ignored.
    failure_filter: Mutex<fn(&str) -> bool>,
    progress: Arc<Progress>,
    is_over: AtomicBool,
    /// True if the service is healthy at the end, so that each retry must be answered.
    must_settle: AtomicBool,
    latencies: Mutex<Vec<Duration>>,
    /// Number of creates that compete for a name with others.
    contended_creates: AtomicU64,
}

/// The results of a load.
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
            nothing_stored: Mutex::new(None),
            tolerated: Mutex::default(),
            failure_filter: Mutex::new(|_| true),
            progress,
            is_over: AtomicBool::new(false),
            must_settle: AtomicBool::new(true),
            latencies: Mutex::new(Vec::new()),
            contended_creates: AtomicU64::new(0),
        }
    }

    /// Waits until this many more groups were created.
    pub fn wait_for_creates(&self, count: u64) -> anyhow::Result<()> {
        wait_for_growth(&self.created, count, "more groups to be created")
    }

    /// Waits until this many more requests were answered 503.
    pub fn wait_for_503s(&self, count: u64) -> anyhow::Result<()> {
        wait_for_growth(&self.unavailable, count, "more requests to be answered 503")
    }

    /// Begins (`true`) or ends (`false`) a time in which a create that is acknowledged is a failure.
    pub fn expect_nothing_stored(&self, expected: bool) {
        *self.nothing_stored.lock().unwrap_or_else(PoisonError::into_inner) = expected.then(Instant::now);
    }

    fn nothing_stored_since(&self) -> Option<Instant> {
        *self.nothing_stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tolerates these statuses from now on; like 503, they leave open whether the group is stored.
    pub fn tolerate(&self, statuses: &[u16]) {
        *self.tolerated.lock().unwrap_or_else(PoisonError::into_inner) = (statuses.to_vec(), None);
    }

    /// Ends the tolerance: answers after [`GRACE`] are failures again.
    pub fn end_tolerance(&self) {
        self.tolerated.lock().unwrap_or_else(PoisonError::into_inner).1 = Some(Instant::now() + GRACE);
    }

    /// Ignores, from now on, failures that do not pass the filter.
    pub fn report_only(&self, filter: fn(&str) -> bool) {
        *self.failure_filter.lock().unwrap_or_else(PoisonError::into_inner) = filter;
    }

    /// Records a failure at once, because the trial may be abandoned before the load ends.
    fn record_failure(&self, what: String) {
        if self.failure_filter.lock().unwrap_or_else(PoisonError::into_inner)(&what) {
            self.progress.record_failure(what);
        }
    }

    /// Returns whether this status, received now, leaves open whether the group is stored.
    fn is_inconclusive(&self, status: u16) -> bool {
        let (statuses, end) = &*self.tolerated.lock().unwrap_or_else(PoisonError::into_inner);
        status == 503 || statuses.contains(&status) && end.is_none_or(|end| Instant::now() < end)
    }

    /// Lets clients end without an answer to their last request, because the service will not be healthy when the load ends.
    pub fn skip_settling(&self) {
        self.must_settle.store(false, Ordering::Relaxed);
    }

    /// Takes the latencies of the requests answered since the last call, sorted.
    pub fn take_latencies(&self) -> Vec<Duration> {
        let mut latencies =
            std::mem::take(&mut *self.latencies.lock().unwrap_or_else(PoisonError::into_inner));
        latencies.sort();
        latencies
    }
}

/// Waits until a counter has grown by `count`.
fn wait_for_growth(counter: &AtomicU64, count: u64, what: &str) -> anyhow::Result<()> {
    let wanted = counter.load(Ordering::Relaxed) + count;
    wait_for(what, || Ok((counter.load(Ordering::Relaxed) >= wanted).then_some(())))
}

/// Runs `work` while the clients of the plan send requests. Afterwards each client repeats its open request until it is answered,
/// and then ends.
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
    fn a_status_is_tolerated_until_shortly_after_the_fault() {
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
