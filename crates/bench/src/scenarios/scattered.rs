//! The systems at 64 clients, with names spread over the whole index.

use super::{Plan, Section};
use crate::{
    load::{Load, Names, Requests, Sample},
    server::Deployment,
    system::System,
    table::{self, Goal},
};
use gochat_test_support::Cluster;

const SYSTEMS: [System; 5] =
    [System::Memory, System::Sqlite, System::TextbookSqlite, System::Postgres, System::TextbookPostgres];

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let requests = Requests::Creates { names: Names::Scattered, statuses: false };
    let load = Load { clients: 64, time: plan.time, requests };
    let medians = super::medians(plan.rounds, &SYSTEMS, |&system| {
        load.run(&Deployment::new(system, cluster)?.start()?)
    })?;
    let row =
        |(system, sample): (&System, &Sample)| [vec![system.to_string()], table::cells(sample)].concat();
    let rows: Vec<_> = SYSTEMS.iter().zip(&medians).map(row).collect();
    let [memory, sqlite, textbook_sqlite, postgres, textbook_postgres] = &medians;
    let ratio = |what, one: &Sample, other: &Sample, goal| {
        let what = format!("{what}, 64 clients, scattered names, throughput");
        Goal::at_least(what, one.throughput / other.throughput, goal, "×")
    };
    Ok(Section {
        title: "Scattered names",
        text: table::render(&[&["system"], &table::HEADERS[..]].concat(), &rows),
        goals: vec![
            ratio("`sqlite` / `textbook-sqlite`", sqlite, textbook_sqlite, 10.0),
            ratio("`sqlite` / `memory`", sqlite, memory, 0.6),
            ratio("`postgres` / `textbook-postgres`", postgres, textbook_postgres, 7.0),
        ],
    })
}
