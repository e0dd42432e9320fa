//! Changes of random groups, compared with creates.

use super::{Plan, SHORT, Section};
use crate::{
    load::{Field, Load, Requests},
    prefill,
    system::System,
    table::{self, Goal},
};
use gochat_test_support::Cluster;

const CLIENTS: usize = 64;

const SUBJECTS: [Requests; 3] = [
    Requests::CREATES,
    Requests::Changes { field: Field::Name, groups: prefill::FEW },
    Requests::Changes { field: Field::Token, groups: prefill::FEW },
];

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let (mut rows, mut goals) = (Vec::new(), Vec::new());
    for system in [System::Sqlite, System::Postgres] {
        let medians = super::medians(plan.rounds, &SUBJECTS, |&requests| {
            let deployment = prefill::deployment(system, cluster, prefill::FEW)?;
            Load { clients: CLIENTS, time: SHORT, requests }.run(&deployment.start()?)
        })?;
        for (requests, sample) in SUBJECTS.iter().zip(&medians) {
            let what = [system.to_string(), requests.request().to_owned()];
            rows.push([what.into(), table::cells(sample)].concat());
        }
        let [creates, changes @ ..] = &medians;
        for (requests, sample) in SUBJECTS[1..].iter().zip(changes) {
            let what = format!("`{system}`, {} / creates, throughput", requests.request());
            goals.push(Goal::at_least(what, sample.throughput / creates.throughput, 0.5, "×"));
        }
        let errors = changes.iter().map(|sample| sample.errors).sum();
        goals.push(Goal::at_most(format!("`{system}`, changes: errors"), errors, 0.0, ""));
    }
    let headers = [&["system", "request"], &table::HEADERS[..]].concat();
    Ok(Section { title: "Changes", text: table::render(&headers, &rows), goals })
}
