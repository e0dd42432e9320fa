//! 2,000 clients, compared with 256.

use super::{Plan, Section};
use crate::{
    load::{Load, Names, Requests, Sample},
    server::Deployment,
    system::System,
    table::{self, Goal},
};
use gochat_test_support::Cluster;

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let requests = Requests::Creates { names: Names::Ordered, statuses: true };
    let [some, many] = super::medians(plan.rounds, &[256, 2_000], |&clients| {
        let load = Load { clients, time: plan.time, requests };
        load.run(&Deployment::new(System::Sqlite, cluster)?.start()?)
    })?;
    let row = |clients: &str, sample: &Sample| {
        let statuses = sample.statuses.map(|count| count.to_string());
        [vec![clients.to_owned()], table::cells(sample), statuses.into()].concat()
    };
    let headers = [&["clients"], &table::HEADERS[..], &["201", "503", "other"]].concat();
    Ok(Section {
        title: "A crowd",
        text: table::render(&headers, &[row("256", &some), row("2000", &many)]),
        goals: vec![
            Goal::at_least("2,000 / 256 clients, throughput", many.throughput / some.throughput, 0.8, "×"),
            Goal::at_most("2,000 clients, peak memory", table::mebibytes(many.peak), 192.0, "MiB"),
            Goal::at_most(
                "2,000 clients, replies other than 201 and 503, and broken connections",
                // `errors` includes the 503s, which are subtracted. It also includes the other error replies, so these
                // count twice, which does not matter for a goal of 0.
                many.statuses[2] as f64 + many.errors - many.statuses[1] as f64,
                0.0,
                "",
            ),
        ],
    })
}
