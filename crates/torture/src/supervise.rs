//! A supervisor that runs a trial in a thread, and abandons it at its time limit.

use crate::{
    progress::Progress, report::TrialReport, run_context::RunContext, schedule::TrialSpec, trial::Trial,
};
use std::{
    any::Any,
    hash::{DefaultHasher, Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread,
    time::{Duration, Instant},
};

/// Interval at which a running trial is checked.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Time limits of a trial.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time after which no further round begins.
    pub until: Option<Instant>,
    /// The end of the time for all trials.
    end: Option<Instant>,
    /// Time at which a trial that still runs has failed.
    latest: Instant,
    /// Longest time without progress; a trial that exceeds it has failed.
    idle_limit: Duration,
}

impl Limits {
    /// The limits of the short form: this trial may take `share`, and all trials end at `end`. A round takes about `round`, on a slow
    /// machine far longer.
    pub fn short_form(now: Instant, share: Duration, end: Instant, round: Duration) -> Self {
        let minute = Duration::from_secs(60);
        let latest = now + share + 2 * round + minute;
        Self { until: Some(now + share), end: Some(end), latest, idle_limit: minute }
    }

    /// The limits of the long form. Waits have their own limits, so these are a last resort.
    pub fn long_form(now: Instant) -> Self {
        let latest = now + Duration::from_secs(20 * 60);
        Self { until: None, end: None, latest, idle_limit: Duration::from_secs(180) }
    }

    /// A reason to end the running trial now, if there is one.
    fn abort(&self, now: Instant, idle_time: Duration) -> Option<Abort> {
        if idle_time >= self.idle_limit {
            Some(Abort::Hung)
        } else if now >= self.latest {
            Some(Abort::Overran)
        } else {
            self.end.is_some_and(|end| now >= end).then_some(Abort::TimeUp)
        }
    }
}

/// A reason to end a trial.
#[derive(Debug, PartialEq, Eq)]
enum Abort {
    /// The time for all trials is over; this is not a failure.
    TimeUp,
    /// The trial takes far longer than its share.
    Overran,
    /// The trial makes no progress.
    Hung,
}

/// Runs a trial, and puts the result into `report`.
pub fn run(spec: TrialSpec, seed: u64, context: &Arc<RunContext>, limits: Limits, report: &mut TrialReport) {
    let started_at = Instant::now();
    let mut hasher = DefaultHasher::new();
    (seed, &report.name).hash(&mut hasher);
    let mut trial = Trial::new(spec.backend, hasher.finish(), Arc::clone(context), limits.until);
    let progress = Arc::clone(&trial.progress);
    let (sender, receiver) = channel();
    let spawned = thread::Builder::new().name(report.name.clone()).spawn(move || {
        trial.progress.attach();
        let result = catch_unwind(AssertUnwindSafe(|| spec.fault.run(&mut trial)));
        // The receiver is gone if the trial was abandoned.
        let _sent = sender.send((trial, result.map_err(|panic| text(&*panic))));
    });
    let outcome = match spawned {
        Ok(_) => wait(&receiver, &progress, limits),
        Err(error) => {
            report.failures.push(format!("cannot start a thread: {error}"));
            return;
        }
    };
    let waited = progress.current_wait();
    match outcome {
        Ok((trial, result)) => {
            match result {
                Ok(Ok(())) => {}
                Ok(Err(error)) => progress.record_failure(format!("{error:#}")),
                Err(panic) => progress.record_failure(panic),
            }
            report.take_figures(trial);
        }
        Err(Abort::TimeUp) => report.skipped = Some(format!("the time limit ended the trial; {waited}")),
        Err(Abort::Overran) => {
            progress
                .record_failure(format!("the trial runs far longer than its share of the time; {waited}"));
        }
        Err(Abort::Hung) => {
            progress.record_failure(format!(
                "nothing happened in the trial for {:?}; {waited}",
                limits.idle_limit
            ));
        }
    }
    report.take_progress(&progress);
    report.took = started_at.elapsed();
}

/// Waits for the end of a trial, or for a reason to end it.
fn wait<T>(receiver: &Receiver<T>, progress: &Progress, limits: Limits) -> Result<T, Abort> {
    loop {
        match receiver.recv_timeout(POLL_INTERVAL) {
            Ok(outcome) => return Ok(outcome),
            // The thread always sends, unless it is gone.
            Err(RecvTimeoutError::Disconnected) => return Err(Abort::Hung),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(abort) = limits.abort(Instant::now(), progress.idle_time()) {
            return Err(abort);
        }
    }
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Fault;
    use gochat_test_support::Backend;

    /// A fault that records a failure, and then hangs.
    struct Hangs;

    impl Fault for Hangs {
        fn name(&self) -> &'static str {
            "hangs"
        }

        fn about(&self) -> &'static str {
            "hangs"
        }

        fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
            trial.next_round(1, 1);
            trial.progress.record_failure("a difference");
            crate::progress::waiting_for("something that never happens", || {
                thread::sleep(Duration::from_secs(600));
            });
            Ok(())
        }
    }

    /// The result of that fault under these limits: number of rounds, failures, and the reason if it is left out.
    fn outcome(change: impl FnOnce(&mut Limits)) -> (u32, Vec<String>, Option<String>) {
        let mut limits = Limits::long_form(Instant::now());
        change(&mut limits);
        let context = Arc::new(RunContext::new("gochat".into(), true).unwrap());
        let mut report = TrialReport::new("sqlite::hangs".to_owned(), "hangs");
        run(TrialSpec { fault: &Hangs, backend: Backend::Sqlite }, 1, &context, limits, &mut report);
        (report.rounds, report.failures, report.skipped)
    }

    #[test]
    fn a_trial_that_hangs_fails_and_keeps_its_failures() {
        let (rounds, wrong, skipped) = outcome(|limits| limits.idle_limit = Duration::from_millis(300));
        let hangs =
            "nothing happened in the trial for 300ms; it waited 0 s for: something that never happens";
        assert_eq!((rounds, wrong, skipped), (1, vec!["a difference".to_owned(), hangs.to_owned()], None));
    }

    #[test]
    fn a_trial_that_overruns_fails() {
        let (_, wrong, skipped) = outcome(|limits| limits.latest = Instant::now());
        assert!(wrong[1].starts_with("the trial runs far longer than its share of the time; "), "{wrong:?}");
        assert_eq!(skipped, None);
    }

    #[test]
    fn failures_of_a_trial_that_runs_out_of_time_count() {
        let (_, wrong, skipped) = outcome(|limits| limits.end = Some(Instant::now()));
        assert_eq!(wrong, ["a difference"]);
        assert_eq!(
            skipped.unwrap(),
            "the time limit ended the trial; it waited 0 s for: something that never happens"
        );
    }
}
