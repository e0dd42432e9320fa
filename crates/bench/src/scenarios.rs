//! What is measured, and what it should be.

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

/// A question that is measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// Every system at 1, 64 and 256 clients.
    Systems,
    /// The systems at 64 clients, with names that fall all over the index.
    Scattered,
    /// SQLite for 30 seconds: what checkpoints do to the slowest requests.
    Steady,
    /// SQLite with 10 million groups, and empty.
    Stored,
    /// Reads with 10 million groups, with few, and while groups are created.
    Reads,
    /// 2,000 clients, and 256.
    Crowd,
    /// Start on a database that is there, and memory at rest.
    Start,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How often; the median counts.
    pub rounds: usize,
    /// How long a load lasts.
    pub time: Duration,
}

/// What came out.
pub struct Section {
    pub title: &'static str,
    pub text: String,
    pub goals: Vec<Goal>,
}

impl Scenario {
    /// Measures.
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
