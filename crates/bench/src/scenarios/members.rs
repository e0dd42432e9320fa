//! Pages at the beginning and at the end of a large group's members.

use super::{Plan, SHORT, Section};
use crate::{
    load::{Load, ReadKind, Requests},
    prefill,
    system::System,
    table::{self, Goal},
};
use gochat_test_support::Cluster;

const CLIENTS: usize = 64;

/// Number of members of the group.
const MEMBERS: u32 = 100_000;

const SUBJECTS: [(ReadKind, &str); 2] =
    [(ReadKind::FirstMembers, "beginning"), (ReadKind::LastMembers, "end")];

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let (mut rows, mut goals) = (Vec::new(), Vec::new());
    for system in [System::Sqlite, System::Postgres] {
        let deployment = prefill::deployment_with_members(system, cluster, MEMBERS)?;
        let medians = super::medians(plan.rounds, &SUBJECTS, |&(kind, _)| {
            let requests = Requests::Reads { kind, stored: MEMBERS };
            Load { clients: CLIENTS, time: SHORT, requests }.run(&deployment.start()?)
        })?;
        for ((kind, place), sample) in SUBJECTS.iter().zip(&medians) {
            let what = [system.to_string(), kind.request().to_owned(), (*place).to_owned()];
            rows.push([what.into(), table::cells(sample)].concat());
        }
        let [first, last] = &medians;
        let what = format!("`{system}`, members at the end / at the beginning, throughput");
        goals.push(Goal::at_least(what, last.throughput / first.throughput, 0.8, "×"));
        let errors = first.errors + last.errors;
        goals.push(Goal::at_most(format!("`{system}`, pages of members: errors"), errors, 0.0, ""));
    }
    let headers = [&["system", "request", "place"], &table::HEADERS[..]].concat();
    Ok(Section { title: "Members", text: table::render(&headers, &rows), goals })
}
