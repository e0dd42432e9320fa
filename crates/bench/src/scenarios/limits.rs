//! Creates and joins with limits that admit all of them, and without.

use super::{Plan, SHORT, Section};
use crate::{
    load::{Load, Requests},
    prefill,
    system::System,
    table::{self, Goal},
};
use gochat_test_support::Cluster;

const CLIENTS: usize = 64;

const TO_MANY: Requests = Requests::Joins { groups: prefill::FEW };
const TO_ONE: Requests = Requests::Joins { groups: 1 };

/// The requests without a limit, and then with a setting and its value.
const SUBJECTS: [(Requests, Option<(&str, &str)>); 7] = [
    (Requests::CREATES, None),
    (Requests::CREATES, Some(("GROUPS", "1000000"))),
    (Requests::CREATES, Some(("GROUPS_PER_ADMINISTRATOR", "10"))),
    (TO_MANY, None),
    (TO_MANY, Some(("MEMBERS_PER_GROUP", "100"))),
    (TO_ONE, None),
    (TO_ONE, Some(("MEMBERS_PER_GROUP", "1000000"))),
];

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let (mut rows, mut goals) = (Vec::new(), Vec::new());
    for system in [System::Sqlite, System::Postgres] {
        let medians = super::medians(plan.rounds, &SUBJECTS, |&(requests, limit)| {
            let setting = limit.map(|(name, value)| (format!("GOCHAT__LIMITS__{name}"), value));
            let settings: Vec<_> = setting.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            let deployment = prefill::deployment(system, cluster, prefill::FEW)?;
            Load { clients: CLIENTS, time: SHORT, requests }.run(&deployment.start_with(&settings)?)
        })?;
        let mut unlimited = f64::NAN;
        let mut errors = 0.0;
        for ((requests, limit), sample) in SUBJECTS.iter().zip(&medians) {
            let request = requests.request();
            let limit = limit.map(|(name, value)| format!("`{} = {value}`", name.to_lowercase()));
            match &limit {
                None => unlimited = sample.throughput,
                Some(limit) => goals.push(Goal::at_least(
                    format!("`{system}`, {request}, {limit} / no limit, throughput"),
                    sample.throughput / unlimited,
                    0.8,
                    "×",
                )),
            }
            errors += sample.errors;
            let what = [system.to_string(), request.to_owned(), limit.unwrap_or_else(|| "none".to_owned())];
            rows.push([what.into(), table::cells(sample)].concat());
        }
        goals.push(Goal::at_most(
            format!("`{system}`, requests that a limit admits: errors"),
            errors,
            0.0,
            "",
        ));
    }
    let headers = [&["system", "request", "limit"], &table::HEADERS[..]].concat();
    Ok(Section { title: "Limits", text: table::render(&headers, &rows), goals })
}
