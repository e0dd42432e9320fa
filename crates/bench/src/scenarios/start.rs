//! The time from a start on an existing database to the first group, and the memory of an idle server.

use super::{Plan, Section};
use crate::{
    server::Deployment,
    system::System,
    table::{self, Goal, mebibytes},
};
use gochat_test_support::Cluster;
use std::time::Instant;

/// Number of starts per round.
const STARTS: usize = 5;

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let (mut rows, mut goals) = (Vec::new(), Vec::new());
    for system in [System::Sqlite, System::Postgres] {
        let deployment = Deployment::new(system, cluster)?;
        let (mut times, mut sizes) = (Vec::new(), Vec::new());
        for number in 0..plan.rounds * STARTS {
            let started_at = Instant::now();
            let server = deployment.start()?;
            server.create(&format!("group_{number}"))?;
            times.push(started_at.elapsed().as_secs_f64() * 1000.0);
            sizes.push(mebibytes(server.usage()?.resident as f64));
        }
        times.sort_by(f64::total_cmp);
        sizes.sort_by(f64::total_cmp);
        let [median, slowest] = [times[times.len() / 2], times[times.len() - 1]];
        let largest = sizes[sizes.len() - 1];
        let cells = [median, slowest, largest].map(|figure| format!("{figure:.1}"));
        rows.push([vec![system.to_string()], cells.into()].concat());
        goals.push(Goal::at_most(format!("`{system}`, start to first 201, slowest"), slowest, 100.0, "ms"));
        goals.push(Goal::at_most(format!("`{system}`, memory at rest"), largest, 24.0, "MiB"));
    }
    let headers = ["system", "start to first 201, median ms", "slowest ms", "resident MiB"];
    Ok(Section { title: "Start", text: table::render(&headers, &rows), goals })
}
