//! The report of a run.

use crate::{load::Tally, progress::Progress, trial::Trial};
use std::{fmt, time::Duration};

/// Maximum number of failures that are printed for a trial.
const MAX_SHOWN: usize = 20;

/// The result of one fault on one database.
pub struct TrialReport {
    pub name: String,
    pub about: &'static str,
    pub rounds: u32,
    pub tally: Tally,
    pub notes: Vec<String>,
    pub failures: Vec<String>,
    pub skipped: Option<String>,
    pub took: Duration,
}

impl TrialReport {
    pub fn new(name: String, about: &'static str) -> Self {
        Self {
            name,
            about,
            rounds: 0,
            tally: Tally::default(),
            notes: Vec::new(),
            failures: Vec::new(),
            skipped: None,
            took: Duration::ZERO,
        }
    }

    /// Takes the figures of a trial that has ended.
    pub fn take_figures(&mut self, trial: Trial) {
        self.tally = trial.tally;
        self.notes = trial.notes;
    }

    /// Takes the rounds and failures of a trial, also if it was abandoned.
    pub fn take_progress(&mut self, progress: &Progress) {
        self.rounds = progress.rounds();
        self.failures.extend(progress.take_failures());
    }

    /// The result in a few words.
    pub fn outcome(&self) -> String {
        match (&self.skipped, self.failures.len()) {
            (Some(reason), 0) => format!("left out: {reason}"),
            (None, 0) => "passed".to_owned(),
            (_, count) => format!("**{count} failures**"),
        }
    }
}

impl fmt::Display for TrialReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tally = &self.tally;
        write!(
            f,
            "{:<28} {:>3} rounds {:>5.1} s; 201 {}, replays {}, 409 {}, 422 {}, reads {}, 503 {}, broken {}, longest {:.1} s",
            self.name,
            self.rounds,
            self.took.as_secs_f64(),
            tally.created,
            tally.replayed,
            tally.taken,
            tally.refused,
            tally.read,
            tally.unavailable,
            tally.broken,
            tally.longest.as_secs_f64(),
        )?;
        for note in &self.notes {
            write!(f, "; {note}")?;
        }
        write!(f, ": {}", self.outcome())?;
        for failure in self.failures.iter().take(MAX_SHOWN) {
            write!(f, "\n    {failure}")?;
        }
        if self.failures.len() > MAX_SHOWN {
            write!(f, "\n    and {} more", self.failures.len() - MAX_SHOWN)?;
        }
        Ok(())
    }
}

/// The results of all trials.
pub struct Report {
    pub seed: u64,
    pub is_short: bool,
    pub trials: Vec<TrialReport>,
    pub took: Duration,
}

impl Report {
    pub fn new(seed: u64, is_short: bool) -> Self {
        Self { seed, is_short, trials: Vec::new(), took: Duration::ZERO }
    }

    /// Returns whether there was no failure.
    pub fn passed(&self) -> bool {
        self.trials.iter().all(|trial| trial.failures.is_empty())
    }

    /// The summary at the end.
    pub fn summary(&self) -> String {
        let mut tally = Tally::default();
        for trial in &self.trials {
            tally += trial.tally;
        }
        let mut text = format!(
            "\n{} faults in {:.0} s, seed {}: {} requests, {} groups acknowledged",
            self.trials.iter().filter(|trial| trial.skipped.is_none()).count(),
            self.took.as_secs_f64(),
            self.seed,
            tally.requests,
            tally.created,
        );
        for trial in &self.trials {
            if trial.skipped.is_some() && trial.failures.is_empty() {
                text.extend(["\n", &*trial.name, ": ", &*trial.outcome()]);
            }
        }
        let failed: Vec<_> =
            self.trials.iter().filter(|trial| !trial.failures.is_empty()).map(|trial| &*trial.name).collect();
        text + &if failed.is_empty() {
            "\nno failures".to_owned()
        } else {
            format!("\nFAILED: {}", failed.join(", "))
        }
    }
}
