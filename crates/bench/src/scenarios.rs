//! The scenarios, and their goals.

mod crowd;
mod reads;
mod scattered;
mod start;
mod steady;
mod stored;
mod systems;

use crate::table::Goal;
use clap::ValueEnum;
use gochat_test_support::Cluster;
use std::time::Duration;

/// A set of measurements that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// Every system at 1, 64 and 256 clients.
    Systems,
    /// The systems at 64 clients, with names spread over the whole index.
    Scattered,
    /// SQLite for 30 seconds: the effect of checkpoints on the slowest requests.
    Steady,
    /// SQLite with 10 million groups, and empty.
    Stored,
    /// Reads with 10 million groups, with few, and while groups are created.
    Reads,
    /// 2,000 clients, compared with 256.
    Crowd,
    /// The start on an existing database, and memory at rest.
    Start,
}

/// The size of the measurements.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Number of repetitions; the median counts.
    pub rounds: usize,
    /// Duration of a load.
    pub time: Duration,
}

/// The results of a scenario.
pub struct Section {
    pub title: &'static str,
    pub text: String,
    pub goals: Vec<Goal>,
}

impl Scenario {
    /// Runs the scenario.
    pub fn run(self, plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
        match self {
            Self::Systems => systems::run(plan, cluster),
            Self::Scattered => scattered::run(plan, cluster),
            Self::Steady => steady::run(plan, cluster),
            Self::Stored => stored::run(plan, cluster),
            Self::Reads => reads::run(plan, cluster),
            Self::Crowd => crowd::run(plan, cluster),
            Self::Start => start::run(plan, cluster),
        }
    }
}
