//! Joins to many groups and to one, and creates for comparison, at 1, 64 and 256 clients.

use super::{CLIENTS, Plan, SHORT, Section};
use crate::{
    load::{Load, Requests, Sample},
    prefill,
    system::System::{self, Pgbench, Postgres, Sqlite, TextbookPostgres, TextbookSqlite},
    table::{self, Goal},
};
use gochat_test_support::Cluster;

const CREATES: Requests = Requests::CREATES;
const TO_MANY: Requests = Requests::Joins { groups: prefill::FEW };
const TO_ONE: Requests = Requests::Joins { groups: 1 };

const SUBJECTS: [(System, Requests); 12] = [
    (Sqlite, CREATES),
    (Sqlite, TO_MANY),
    (TextbookSqlite, TO_MANY),
    (Sqlite, TO_ONE),
    (TextbookSqlite, TO_ONE),
    (Postgres, CREATES),
    (Postgres, TO_MANY),
    (TextbookPostgres, TO_MANY),
    (Pgbench, TO_MANY),
    (Postgres, TO_ONE),
    (TextbookPostgres, TO_ONE),
    (Pgbench, TO_ONE),
];

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let (mut rows, mut goals) = (Vec::new(), Vec::new());
    for clients in CLIENTS {
        let medians = super::medians(plan.rounds, &SUBJECTS, |&(system, requests)| {
            let deployment = prefill::deployment(system, cluster, prefill::FEW)?;
            super::measure(system, &deployment, Load { clients, time: SHORT, requests }, cluster)
        })?;
        rows.extend(SUBJECTS.iter().zip(&medians).map(|((system, requests), sample)| {
            let what = [clients.to_string(), requests.request().to_owned(), system.to_string()];
            [what.into(), table::cells(sample)].concat()
        }));
        if clients == 64 {
            goals = goals_at_64(&medians);
        }
    }
    let headers = [&["clients", "request", "system"], &table::HEADERS[..]].concat();
    Ok(Section { title: "Joins", text: table::render(&headers, &rows), goals })
}

fn goals_at_64(medians: &[Sample; SUBJECTS.len()]) -> Vec<Goal> {
    let [sqlite, sqlite_many, _, sqlite_one, _, postgres, postgres_many, _, _, postgres_one, ..] = medians;
    let ratio = |what: &str, one: &Sample, other: &Sample, bound| {
        let what = format!("{what}, 64 clients, throughput");
        Goal::at_least(what, one.throughput / other.throughput, bound, "×")
    };
    vec![
        ratio("`sqlite`, joins to many groups / creates", sqlite_many, sqlite, 0.9),
        ratio("`sqlite`, joins to one group / to many", sqlite_one, sqlite_many, 0.7),
        ratio("`postgres`, joins to many groups / creates", postgres_many, postgres, 0.9),
        ratio("`postgres`, joins to one group / to many", postgres_one, postgres_many, 0.7),
        Goal::at_most("joins, 64 clients: errors", medians.iter().map(|sample| sample.errors).sum(), 0.0, ""),
    ]
}
