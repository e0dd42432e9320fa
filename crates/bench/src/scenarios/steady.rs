//! SQLite for 30 seconds at 64 clients: the effect of checkpoints on the slowest requests.

use super::{Plan, Section};
use crate::{
    load::{Load, Sample},
    server::Deployment,
    system::System,
    table::{self, Goal},
};
use gochat_test_support::Cluster;
use std::time::Duration;

const TIME: Duration = Duration::from_secs(30);

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let samples = (0..plan.rounds)
        .map(|_| Load::creates(64, TIME).run(&Deployment::new(System::Sqlite, cluster)?.start()?))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let median = Sample::median(&samples);
    Ok(Section {
        title: "30 seconds without a pause",
        text: table::render(&table::HEADERS, &[table::cells(&median)]),
        goals: vec![Goal::at_most(
            "`sqlite`, 64 clients, 30 s: p99.9 / median latency",
            median.p999 / median.p50,
            15.0,
            "×",
        )],
    })
}
