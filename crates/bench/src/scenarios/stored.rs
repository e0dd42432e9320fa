//! Creates on SQLite with 10 million groups stored, and with none.

use super::{Plan, Section};
use crate::{
    load::{Load, Names, Requests},
    prefill,
    server::Deployment,
    system::System,
    table::{self, Goal},
};
use gochat_test_support::Cluster;

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let full = prefill::deployment(System::Sqlite, cluster, prefill::MANY)?;
    let (mut rows, mut goals) = (Vec::new(), Vec::new());
    for names in [Names::Ordered, Names::Scattered] {
        let requests = Requests::Creates { names, statuses: false };
        let load = Load { clients: 64, time: plan.time, requests };
        let [none, many] = super::medians(plan.rounds, &[None, Some(&full)], |stored| match stored {
            None => load.run(&Deployment::new(System::Sqlite, cluster)?.start()?),
            Some(full) => load.run(&full.start()?),
        })?;
        let names = names.as_str();
        let row =
            |stored: &str, sample| [vec![names.to_owned(), stored.to_owned()], table::cells(sample)].concat();
        rows.extend([row("none", &none), row("10 million", &many)]);
        let what = |figure| format!("10 million / none stored, {names} names, {figure}");
        goals.extend([
            Goal::at_least(what("throughput"), many.throughput / none.throughput, 0.8, "×"),
            Goal::at_most(what("p99"), many.p99 / none.p99, 3.0, "×"),
            Goal::at_most(
                format!("10 million stored, {names} names, peak memory"),
                table::mebibytes(many.peak),
                256.0,
                "MiB",
            ),
        ]);
    }
    let headers = [&["names", "stored"], &table::HEADERS[..]].concat();
    Ok(Section { title: "10 million groups", text: table::render(&headers, &rows), goals })
}
