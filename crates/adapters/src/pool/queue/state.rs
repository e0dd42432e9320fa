//! The state of the queue.

use super::{MAX_LOOK_UPS, Work, waiting::Waiting};
use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

/// The state of the queue. A run is the work that a thread does without becoming idle: the read assigned to it, and
/// then the waiting reads that it takes one after another.
pub(super) struct State<L> {
    pub(super) waiting: Waiting<L>,
    /// The current work of each run, by the number of the run.
    pub(super) running: BTreeMap<u64, Running>,
    pub(super) runs: u64,
    /// Duration of the last look-ups.
    pub(super) look_ups_took: Duration,
    /// Reads with a reserved thread that has not taken them yet, each with the number of its run.
    pub(super) assigned: VecDeque<(u64, Work<L>)>,
    pub(super) idle_threads: usize,
    /// Replaced threads that are still stuck.
    pub(super) replaced: usize,
    pub(super) is_closed: bool,
}

/// The current work of a run.
pub(super) struct Running {
    pub(super) since: Instant,
    pub(super) is_look_up: bool,
}

impl Running {
    /// Begins `work` now.
    pub(super) fn begin<L>(work: &Work<L>) -> Self {
        Self { since: Instant::now(), is_look_up: matches!(work, Work::LookUp(_)) }
    }
}

impl<L> Default for State<L> {
    fn default() -> Self {
        Self {
            waiting: Waiting::default(),
            running: BTreeMap::new(),
            runs: 0,
            look_ups_took: Duration::MAX,
            assigned: VecDeque::new(),
            idle_threads: 0,
            replaced: 0,
            is_closed: false,
        }
    }
}

impl<L> State<L> {
    /// Assigns work to the thread that was reserved for it.
    pub(super) fn assign(&mut self, work: Work<L>) {
        let run = self.runs;
        self.runs += 1;
        self.running.insert(run, Running::begin(&work));
        self.assigned.push_back((run, work));
    }

    /// True if a thread that is about to begin a look-up will take another one along.
    pub(super) fn can_take_another_look_up(&self) -> bool {
        let beginning = self.assigned.iter().filter(|(_, work)| matches!(work, Work::LookUp(_))).count();
        self.waiting.look_ups() < beginning * (MAX_LOOK_UPS - 1)
    }

    /// True if a look-up should wait for those that run: they began less than `limit` ago, and will end soon, as the last
    /// ones took less than that. If not, the callers of one query after another would all wait for one thread.
    pub(super) fn look_ups_end_within(&self, limit: Duration) -> bool {
        let has_begun = |running: &Running| running.is_look_up && running.since.elapsed() < limit;
        self.look_ups_took < limit
            && self.waiting.look_ups() < MAX_LOOK_UPS
            && self.running.values().any(has_begun)
    }

    /// Ends the work of a run. Returns false if its thread was replaced meanwhile.
    pub(super) fn end(&mut self, run: u64) -> bool {
        let Some(running) = self.running.remove(&run) else { return false };
        if running.is_look_up {
            self.look_ups_took = running.since.elapsed();
        }
        true
    }
}
