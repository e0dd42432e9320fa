//! The scenarios, and their goals.

mod bulk;
mod changes;
mod crowd;
mod dashboard;
mod joins;
mod limits;
mod lines;
mod look_ups;
mod members;
mod peers;
mod reads;
mod scattered;
mod start;
mod steady;
mod stored;
mod systems;

use crate::{
    load::{Load, Sample},
    pgbench,
    server::Deployment,
    system::System,
    table::Goal,
};
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
    /// Look-ups by id, compared with those in memory.
    LookUps,
    /// Joins to many groups and to one, compared with creates.
    Joins,
    /// Creates and joins with limits, and without.
    Limits,
    /// Many groups in one request, and single requests beside such a stream.
    Lines,
    /// Changes of groups, compared with creates.
    Changes,
    /// Pages at the beginning and at the end of a large group's members.
    Members,
    /// Creates while the dashboard is open, and while it is not.
    Dashboard,
    /// 2,000 clients, compared with 256.
    Crowd,
    /// The start on an existing database, and memory at rest.
    Start,
    /// Creates and reads, compared with servers of other projects.
    Peers,
    /// Many groups in one request, compared with servers of other projects.
    Bulk,
}

/// The numbers of clients that all systems are measured with.
const CLIENTS: [usize; 3] = [1, 64, 256];

/// Duration of a load in scenarios with many loads, or with databases that take long to fill.
const SHORT: Duration = Duration::from_secs(2);

/// The size of the measurements.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Number of repetitions; the median counts.
    pub rounds: usize,
    /// Duration of a load.
    pub time: Duration,
    /// Number of lines of a stream.
    pub lines: usize,
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
            Self::LookUps => look_ups::run(plan, cluster),
            Self::Joins => joins::run(plan, cluster),
            Self::Limits => limits::run(plan, cluster),
            Self::Lines => lines::run(plan, cluster),
            Self::Changes => changes::run(plan, cluster),
            Self::Members => members::run(plan, cluster),
            Self::Dashboard => dashboard::run(plan, cluster),
            Self::Crowd => crowd::run(plan, cluster),
            Self::Start => start::run(plan, cluster),
            Self::Peers => peers::run(plan, cluster),
            Self::Bulk => bulk::run(plan, cluster),
        }
    }
}

/// Measures each subject once per round, so that a change in the speed of the machine affects all of them alike.
fn medians<T, const N: usize>(
    rounds: usize,
    subjects: &[T; N],
    measure: impl Fn(&T) -> anyhow::Result<Sample>,
) -> anyhow::Result<[Sample; N]> {
    let mut samples = [const { Vec::new() }; N];
    for _ in 0..rounds {
        for (subject, samples) in subjects.iter().zip(&mut samples) {
            samples.push(measure(subject)?);
        }
    }
    Ok(samples.map(|samples| Sample::median(&samples)))
}

/// Runs a load on a system: by `pgbench`, or on a server.
fn measure(system: System, deployment: &Deployment, load: Load, cluster: &Cluster) -> anyhow::Result<Sample> {
    let sample = match system {
        System::Pgbench => pgbench::run(cluster, deployment, load)?,
        _ => load.run(&deployment.start()?)?,
    };
    let (clients, request) = (load.clients, load.requests.request());
    eprintln!("{system:17} {clients:3} clients, {request}: {:6.0}/s", sample.throughput);
    Ok(sample)
}
