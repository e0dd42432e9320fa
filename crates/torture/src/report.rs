//! What came out.

use crate::{load::Tally, trial::Trial, watch::Watch};
use std::{fmt, time::Duration};

/// How many things that are wrong are printed of one trial.
const SHOWN: usize = 20;

/// One fault on one database.
pub struct Line {
    pub name: String,
    pub about: &'static str,
    pub rounds: u32,
    pub tally: Tally,
    pub notes: Vec<String>,
    pub wrong: Vec<String>,
    pub left_out: Option<String>,
    pub took: Duration,
}

impl Line {
    pub fn new(name: String, about: &'static str) -> Self {
        Self {
            name,
            about,
            rounds: 0,
            tally: Tally::default(),
            notes: Vec::new(),
            wrong: Vec::new(),
            left_out: None,
            took: Duration::ZERO,
        }
    }

    /// Takes the figures of a trial that came to its end.
    pub fn fill(&mut self, trial: Trial) {
        self.tally = trial.tally;
        self.notes = trial.notes;
    }

    /// Takes the rounds of a trial and what was wrong, also of one that was ended.
    pub fn take(&mut self, watch: &Watch) {
        self.rounds = watch.rounds();
        self.wrong.extend(watch.take_wrong());
    }

    /// What came out, in a few words.
    pub fn outcome(&self) -> String {
        match (&self.left_out, self.wrong.len()) {
            (Some(reason), 0) => format!("left out: {reason}"),
            (None, 0) => "held".to_owned(),
            (_, count) => format!("**{count} wrong**"),
        }
    }
}

impl fmt::Display for Line {
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
        for wrong in self.wrong.iter().take(SHOWN) {
            write!(f, "\n    {wrong}")?;
        }
        if self.wrong.len() > SHOWN {
            write!(f, "\n    and {} more", self.wrong.len() - SHOWN)?;
        }
        Ok(())
    }
}

/// All of it.
pub struct Report {
    pub seed: u64,
    pub is_short: bool,
    pub lines: Vec<Line>,
    pub took: Duration,
}

impl Report {
    pub fn new(seed: u64, is_short: bool) -> Self {
        Self { seed, is_short, lines: Vec::new(), took: Duration::ZERO }
    }

    /// Whether nothing was wrong.
    pub fn is_well(&self) -> bool {
        self.lines.iter().all(|line| line.wrong.is_empty())
    }

    /// The last lines.
    pub fn summary(&self) -> String {
        let mut tally = Tally::default();
        for line in &self.lines {
            tally += line.tally;
        }
        let mut text = format!(
            "\n{} faults in {:.0} s, seed {}: {} requests, {} groups acknowledged",
            self.lines.iter().filter(|line| line.left_out.is_none()).count(),
            self.took.as_secs_f64(),
            self.seed,
            tally.asked,
            tally.created,
        );
        for line in &self.lines {
            if line.left_out.is_some() && line.wrong.is_empty() {
                text.extend(["\n", &*line.name, ": ", &*line.outcome()]);
            }
        }
        let failed: Vec<_> =
            self.lines.iter().filter(|line| !line.wrong.is_empty()).map(|line| &*line.name).collect();
        text + &if failed.is_empty() {
            "\nnothing was wrong".to_owned()
        } else {
            format!("\nWRONG: {}", failed.join(", "))
        }
    }
}
