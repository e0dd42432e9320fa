//! Many groups in one request, on servers of other projects.

use super::{Plan, Section, peers::left_out};
use crate::{
    load::{Load, Requests, Sample},
    peers::Peer,
    prefill,
    table::{self, Goal},
};
use gochat_test_support::Cluster;
use std::fmt::Write;

/// Number of groups in a request.
const GROUPS: u32 = 1_000;

/// Numbers of clients. More than one lets a server work on a request while it reads another one.
const CLIENTS: [usize; 2] = [1, 8];

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let (mut text, mut rows, mut errors) = (String::new(), Vec::new(), 0.0);
    for peer in Peer::ALL {
        if peer.version().is_none() {
            writeln!(text, "{}", left_out(peer))?;
            continue;
        }
        let medians = super::medians(plan.rounds, &CLIENTS, |&clients| {
            let load = Load { clients, time: plan.time, requests: Requests::Bulk { groups: GROUPS } };
            peer.run(load, prefill::FEW, cluster)
        })?;
        for (clients, sample) in CLIENTS.iter().zip(&medians) {
            errors += sample.errors;
            let of_groups = Sample { throughput: sample.throughput * f64::from(GROUPS), ..*sample };
            rows.push([vec![peer.to_string(), clients.to_string()], table::cells(&of_groups)].concat());
        }
    }
    let headers = [&["system", "clients"], &table::HEADERS[..]].concat();
    let table = table::render(&headers, &rows);
    Ok(Section {
        title: "Many groups in one request, on servers of other projects",
        text: format!(
            "A request has {GROUPS} groups. The rate is that of groups, the latency that of requests.\n{text}\n{table}"
        ),
        goals: vec![Goal::at_most("groups in bulk: errors", errors, 0.0, "")],
    })
}
