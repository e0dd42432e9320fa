//! Creates and reads by id, compared with servers of other projects on the same database.

use super::{Plan, Section};
use crate::{
    load::{Load, ReadKind, Requests, Sample},
    peers::Peer,
    prefill,
    server::Deployment,
    system::System,
    table::{self, Goal},
};
use gochat_test_support::Cluster;
use std::fmt::Write;

const CLIENTS: usize = 64;

const READS: Requests = Requests::Reads { kind: ReadKind::Id, stored: prefill::FEW };

/// The server that serves a load.
#[derive(Clone, Copy)]
enum Server {
    /// The service on the database of the peer.
    Service,
    /// The peer.
    Peer,
    /// The service without a database: it can be no faster with one.
    Memory,
}

const SUBJECTS: [(Requests, Server); 5] = [
    (Requests::CREATES, Server::Service),
    (Requests::CREATES, Server::Peer),
    (Requests::CREATES, Server::Memory),
    (READS, Server::Service),
    (READS, Server::Peer),
];

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let (mut text, mut rows, mut goals) = (String::new(), Vec::new(), Vec::new());
    for peer in Peer::ALL {
        let Some(version) = peer.version() else {
            writeln!(text, "{}", left_out(peer))?;
            continue;
        };
        writeln!(text, "{peer} has version {version}.")?;
        let medians = super::medians(plan.rounds, &SUBJECTS, |&(requests, server)| {
            let load = Load { clients: CLIENTS, time: plan.time, requests };
            let deployment = match server {
                Server::Peer => return peer.run(load, prefill::FEW, cluster),
                Server::Service => prefill::deployment(peer.counterpart(), cluster, prefill::FEW)?,
                Server::Memory => Deployment::new(System::Memory, cluster)?,
            };
            load.run(&deployment.start()?)
        })?;
        rows.extend(SUBJECTS.iter().zip(&medians).map(|((requests, server), sample)| {
            let system = match server {
                Server::Peer => peer.to_string(),
                Server::Service => peer.counterpart().to_string(),
                Server::Memory => System::Memory.to_string(),
            };
            let what = if *requests == READS { "a group by its id" } else { "a new group" };
            [vec![what.to_owned(), system], table::cells(sample)].concat()
        }));
        goals.extend(goals_against(peer, &medians));
    }
    let headers = [&["request", "system"], &table::HEADERS[..]].concat();
    let text = format!("{text}\n{}", table::render(&headers, &rows));
    Ok(Section { title: "Servers of other projects", text, goals })
}

/// Says that a peer is not measured.
pub(super) fn left_out(peer: Peer) -> String {
    format!("{peer} is left out, because its program is not on the `PATH`.")
}

fn goals_against(peer: Peer, [creates, peer_creates, _, reads, peer_reads]: &[Sample; 5]) -> [Goal; 3] {
    // The lowest ratios of throughput that reach the goals.
    let (of_creates, of_reads) = match peer {
        Peer::PocketBase => (25.0, 4.0),
        Peer::Postgrest => (15.0, 10.0),
    };
    let ratio = |what, ours: &Sample, theirs: &Sample, bound| {
        let what = format!("`{}` / {peer}, {what}, 64 clients, throughput", peer.counterpart());
        Goal::at_least(what, ours.throughput / theirs.throughput, bound, "×")
    };
    let errors = creates.errors + peer_creates.errors + reads.errors + peer_reads.errors;
    [
        ratio("creates", creates, peer_creates, of_creates),
        ratio("reads by id", reads, peer_reads, of_reads),
        Goal::at_most(format!("`{}`, {peer}: errors", peer.counterpart()), errors, 0.0, ""),
    ]
}
