//! Look-ups of groups by id, compared with those in memory.

use super::{Plan, Section};
use crate::{
    line_stream,
    load::{Load, ReadKind, Requests, Sample},
    prefill,
    server::Deployment,
    system::System::{self, Memory, Postgres, Sqlite},
    table::{self, Goal},
};
use gochat_test_support::Cluster;
use std::sync::atomic::AtomicBool;

const CLIENTS: usize = 64;

const SYSTEMS: [System; 3] = [Memory, Sqlite, Postgres];

const READS: Requests = Requests::Reads { kind: ReadKind::Id, stored: prefill::FEW };

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let medians = super::medians(plan.rounds, &SYSTEMS, |system| measure(*system, plan, cluster))?;
    let row =
        |(system, sample): (&System, &Sample)| [vec![system.to_string()], table::cells(sample)].concat();
    let rows: Vec<_> = SYSTEMS.iter().zip(&medians).map(row).collect();
    let [memory, sqlite, postgres] = &medians;
    let ratio = |system, sample: &Sample, wanted| {
        let what = format!("`{system}` / `{Memory}`, a group by its id, {CLIENTS} clients, throughput");
        Goal::at_least(what, sample.throughput / memory.throughput, wanted, "×")
    };
    let errors = medians.iter().map(|sample| sample.errors).sum();
    let goals = vec![
        ratio(Sqlite, sqlite, 0.8),
        ratio(Postgres, postgres, 0.75),
        Goal::at_most("look-ups by id: errors", errors, 0.0, ""),
    ];
    let headers = [&["system"], &table::HEADERS[..]].concat();
    Ok(Section { title: "Look-ups by id", text: table::render(&headers, &rows), goals })
}

/// The groups in memory are lost with their server, so each server gets its groups by a request.
fn measure(system: System, plan: Plan, cluster: &Cluster) -> anyhow::Result<Sample> {
    let deployment = Deployment::new(system, cluster)?;
    let server = deployment.start()?;
    line_stream::run(&server, prefill::FEW as usize, &AtomicBool::new(false))?;
    let sample = Load { clients: CLIENTS, time: plan.time, requests: READS }.run(&server)?;
    eprintln!("{system:17} a group by its id: {:6.0}/s", sample.throughput);
    Ok(sample)
}
