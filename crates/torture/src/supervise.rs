//! One trial in a thread of its own, so that the clock can end it.

use crate::{order::Choice, report::Line, tools::Tools, trial::Trial, watch::Watch};
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

/// Interval between two looks at a trial that runs.
const LOOK: Duration = Duration::from_millis(100);

/// When a trial has to be over.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// No further round begins after it.
    pub until: Option<Instant>,
    /// The end of the time for all trials.
    end: Option<Instant>,
    /// A trial that still runs then is wrong.
    latest: Instant,
    /// So is one that shows no progress for so long.
    quiet: Duration,
}

impl Limits {
    /// The short form: a share of the time up to `end`. A round takes about `round`; a slow machine may take far longer.
    pub fn of_short_form(now: Instant, share: Duration, end: Instant, round: Duration) -> Self {
        let minute = Duration::from_secs(60);
        let latest = now + share + 2 * round + minute;
        Self { until: Some(now + share), end: Some(end), latest, quiet: minute }
    }

    /// The long form: waits end by themselves, so these are a last resort.
    pub fn of_long_form(now: Instant) -> Self {
        let latest = now + Duration::from_secs(20 * 60);
        Self { until: None, end: None, latest, quiet: Duration::from_secs(180) }
    }

    /// Why a trial that still runs is ended now, if it is.
    fn verdict(&self, now: Instant, quiet: Duration) -> Option<Verdict> {
        if quiet >= self.quiet {
            Some(Verdict::Hangs)
        } else if now >= self.latest {
            Some(Verdict::Overran)
        } else {
            self.end.is_some_and(|end| now >= end).then_some(Verdict::Clock)
        }
    }
}

/// Why a trial is ended.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// The time for all trials is over, which is not wrong.
    Clock,
    /// It takes far longer than its share.
    Overran,
    /// Nothing happens in it.
    Hangs,
}

/// Runs a trial, and says in the line what came out.
pub fn run(choice: Choice, seed: u64, tools: &Arc<Tools>, limits: Limits, line: &mut Line) {
    let started_at = Instant::now();
    let mut hasher = DefaultHasher::new();
    (seed, &line.name).hash(&mut hasher);
    let mut trial = Trial::new(choice.backend, hasher.finish(), Arc::clone(tools), limits.until);
    let watch = Arc::clone(&trial.watch);
    let (sender, receiver) = channel();
    let spawned = thread::Builder::new().name(line.name.clone()).spawn(move || {
        trial.watch.attach();
        let result = catch_unwind(AssertUnwindSafe(|| choice.fault.run(&mut trial)));
        // The clock may have ended it.
        let _sent = sender.send((trial, result.map_err(|panic| text(&*panic))));
    });
    let outcome = match spawned {
        Ok(_) => wait(&receiver, &watch, limits),
        Err(error) => {
            line.wrong.push(format!("no thread: {error}"));
            return;
        }
    };
    let waited = watch.waits_for();
    match outcome {
        Ok((trial, result)) => {
            match result {
                Ok(Ok(())) => {}
                Ok(Err(error)) => watch.wrong(format!("{error:#}")),
                Err(panic) => watch.wrong(panic),
            }
            line.fill(trial);
        }
        Err(Verdict::Clock) => line.left_out = Some(format!("the clock ended it; {waited}")),
        Err(Verdict::Overran) => {
            watch.wrong(format!("it runs far longer than its share of the time; {waited}"));
        }
        Err(Verdict::Hangs) => {
            watch.wrong(format!("nothing happened in it for {:?}; {waited}", limits.quiet));
        }
    }
    line.take(&watch);
    line.took = started_at.elapsed();
}

/// Waits for the end of a trial, or for a reason to end it.
fn wait<T>(receiver: &Receiver<T>, watch: &Watch, limits: Limits) -> Result<T, Verdict> {
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(outcome) => return Ok(outcome),
            // The thread always sends; without it, nothing happens any more.
            Err(RecvTimeoutError::Disconnected) => return Err(Verdict::Hangs),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(verdict) = limits.verdict(Instant::now(), watch.quiet()) {
            return Err(verdict);
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

    /// Finds something, and then does nothing more.
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
            trial.watch.wrong("a difference");
            crate::watch::during("the end of days", || thread::sleep(Duration::from_secs(600)));
            Ok(())
        }
    }

    /// What comes out of it under these limits: in how many rounds, what was wrong, and why it is left out.
    fn outcome(change: impl FnOnce(&mut Limits)) -> (u32, Vec<String>, Option<String>) {
        let mut limits = Limits::of_long_form(Instant::now());
        change(&mut limits);
        let tools = Arc::new(Tools::new("gochat".into(), true).unwrap());
        let mut line = Line::new("sqlite::hangs".to_owned(), "hangs");
        run(Choice { fault: &Hangs, backend: Backend::Sqlite }, 1, &tools, limits, &mut line);
        (line.rounds, line.wrong, line.left_out)
    }

    #[test]
    fn a_trial_that_hangs_is_wrong_and_what_it_found_is_kept() {
        let (rounds, wrong, left_out) = outcome(|limits| limits.quiet = Duration::from_millis(300));
        let hangs = "nothing happened in it for 300ms; it waited 0 s for: the end of days";
        assert_eq!((rounds, wrong, left_out), (1, vec!["a difference".to_owned(), hangs.to_owned()], None));
    }

    #[test]
    fn a_trial_that_overruns_is_wrong() {
        let (_, wrong, left_out) = outcome(|limits| limits.latest = Instant::now());
        assert!(wrong[1].starts_with("it runs far longer than its share of the time; "), "{wrong:?}");
        assert_eq!(left_out, None);
    }

    #[test]
    fn what_a_trial_found_that_the_clock_ends_is_wrong() {
        let (_, wrong, left_out) = outcome(|limits| limits.end = Some(Instant::now()));
        assert_eq!(wrong, ["a difference"]);
        assert_eq!(left_out.unwrap(), "the clock ended it; it waited 0 s for: the end of days");
    }
}
