//! Many groups in one request, compared with servers of other projects on the same database.

use super::{Plan, Section, lines, peers::left_out};
use crate::{
    load::{Load, Requests, Sample},
    peers::Peer,
    prefill,
    table::{self, Goal},
};
use gochat_test_support::Cluster;
use std::fmt::Write;

/// Number of groups in a request to a peer.
const GROUPS: u32 = 1_000;

/// The measurements of a round.
#[derive(Debug, Clone, Copy)]
enum Subject {
    /// The product: one request with a group on each line.
    Lines,
    /// A peer with this many clients. More than one lets it work on a request while it reads another one.
    Peer(usize),
}

const SUBJECTS: [Subject; 3] = [Subject::Lines, Subject::Peer(1), Subject::Peer(8)];

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let (mut text, mut rows, mut goals) = (String::new(), Vec::new(), Vec::new());
    for peer in Peer::ALL {
        if peer.version().is_none() {
            writeln!(text, "{}", left_out(peer))?;
            continue;
        }
        let medians =
            super::medians(plan.rounds, &SUBJECTS, |subject| measure(*subject, peer, plan, cluster))?;
        rows.extend(SUBJECTS.iter().zip(&medians).map(|(subject, sample)| {
            let (system, clients) = match subject {
                Subject::Lines => (peer.counterpart().to_string(), 1),
                Subject::Peer(clients) => (peer.to_string(), *clients),
            };
            [vec![system, clients.to_string()], table::cells(sample)].concat()
        }));
        goals.extend(goals_against(peer, &medians));
    }
    let headers = [&["system", "clients"], &table::HEADERS[..]].concat();
    let table = table::render(&headers, &rows);
    Ok(Section {
        title: "Many groups in one request, compared with servers of other projects",
        text: format!(
            "A request to this service has {} groups, one to another server {GROUPS}. The rate is that of groups, the \
             latency that of requests.\n{text}\n{table}",
            plan.lines
        ),
        goals,
    })
}

fn measure(subject: Subject, peer: Peer, plan: Plan, cluster: &Cluster) -> anyhow::Result<Sample> {
    let sample = match subject {
        Subject::Lines => {
            let deployment = prefill::deployment(peer.counterpart(), cluster, prefill::FEW)?;
            lines::stream(&deployment.start()?, plan.lines)?
        }
        Subject::Peer(clients) => {
            let load = Load { clients, time: plan.time, requests: Requests::Bulk { groups: GROUPS } };
            let sample = peer.run(load, prefill::FEW, cluster)?;
            Sample { throughput: sample.throughput * f64::from(GROUPS), ..sample }
        }
    };
    eprintln!("{peer:17} {subject:?}: {:6.0}/s", sample.throughput);
    Ok(sample)
}

fn goals_against(peer: Peer, [lines, one_client, many_clients]: &[Sample; SUBJECTS.len()]) -> [Goal; 2] {
    let system = peer.counterpart();
    [
        Goal::at_least(
            format!(
                "`{system}`, one stream of lines / {peer}, {GROUPS} groups in a request of one client, throughput"
            ),
            lines.throughput / one_client.throughput,
            1.0,
            "×",
        ),
        Goal::at_most(
            format!("`{system}`, {peer}, groups in bulk: errors"),
            lines.errors + one_client.errors + many_clients.errors,
            0.0,
            "",
        ),
    ]
}
