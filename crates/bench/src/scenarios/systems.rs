//! Every system at 1, 64 and 256 clients, alternately.

use super::{CLIENTS, Plan, Section};
use crate::{
    load::{Load, Sample},
    server::Deployment,
    system::System,
    table::{self, Goal},
};
use gochat_test_support::Cluster;

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let mut samples = CLIENTS.map(|_| System::ALL.map(|_| Vec::new()));
    for _ in 0..plan.rounds {
        for (&clients, samples) in CLIENTS.iter().zip(&mut samples) {
            for (&system, samples) in System::ALL.iter().zip(samples) {
                samples.push(measure(system, clients, plan, cluster)?);
            }
        }
    }
    let medians = samples.map(|samples| samples.map(|samples| Sample::median(&samples)));
    Ok(Section { title: "Systems", text: render(&medians), goals: goals(&medians) })
}

fn measure(system: System, clients: usize, plan: Plan, cluster: &Cluster) -> anyhow::Result<Sample> {
    let deployment = Deployment::new(system, cluster)?;
    super::measure(system, &deployment, Load::creates(clients, plan.time), cluster)
}

type Medians = [[Sample; System::ALL.len()]; CLIENTS.len()];

fn render(medians: &Medians) -> String {
    let rows: Vec<_> = CLIENTS
        .iter()
        .zip(medians)
        .flat_map(|(clients, medians)| {
            let row = move |(system, sample): (&System, &Sample)| {
                [vec![clients.to_string(), system.to_string()], table::cells(sample)].concat()
            };
            System::ALL.iter().zip(medians).map(row)
        })
        .collect();
    table::render(&[&["clients", "system"], &table::HEADERS[..]].concat(), &rows)
}

fn goals([at_1, at_64, _]: &Medians) -> Vec<Goal> {
    let [memory, sqlite, textbook_sqlite, postgres, textbook_postgres, pgbench] = at_64;
    let [_, sqlite_1, textbook_sqlite_1, postgres_1, textbook_postgres_1, _] = at_1;
    let ratio = |what, one: &Sample, other: &Sample, goal| {
        Goal::at_least(
            format!("{what}, 64 clients, throughput"),
            one.throughput / other.throughput,
            goal,
            "×",
        )
    };
    let latency = |what, one: &Sample, other: &Sample| {
        Goal::at_most(format!("{what}, 1 client, median latency"), one.p50 / other.p50, 1.05, "×")
    };
    vec![
        ratio("`sqlite` / `textbook-sqlite`", sqlite, textbook_sqlite, 10.0),
        Goal::at_most(
            "`sqlite` / `textbook-sqlite`, 64 clients, p99",
            sqlite.p99 / textbook_sqlite.p99,
            0.05,
            "×",
        ),
        ratio("`sqlite` / `memory`", sqlite, memory, 0.6),
        ratio("`postgres` / `textbook-postgres`", postgres, textbook_postgres, 7.0),
        ratio("`postgres` / `pgbench`", postgres, pgbench, 2.5),
        latency("`sqlite` / `textbook-sqlite`", sqlite_1, textbook_sqlite_1),
        latency("`postgres` / `textbook-postgres`", postgres_1, textbook_postgres_1),
    ]
}
