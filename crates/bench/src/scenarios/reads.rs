//! Reads with 10 million groups stored, with few, and while groups are created.

use super::{Plan, SHORT, Section};
use crate::{
    load::{Load, ReadKind, Requests, Sample},
    prefill,
    server::{Deployment, Server},
    system::System,
    table::{self, Goal},
};
use anyhow::anyhow;
use gochat_test_support::Cluster;
use std::thread;

/// Numbers of clients that read, and of clients that create at the same time.
const READERS: usize = 64;
const WRITERS: usize = 8;

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let (mut rows, mut goals) = (Vec::new(), Vec::new());
    for system in [System::Sqlite, System::Postgres] {
        let few = prefill::deployment(system, cluster, prefill::FEW)?;
        let many = prefill::deployment(system, cluster, prefill::MANY)?;
        let row = |clients: usize, request: &str, stored: &str, sample: &Sample| {
            let what = [system.to_string(), clients.to_string(), request.to_owned(), stored.to_owned()];
            [what.into(), table::cells(sample)].concat()
        };
        let mut errors = 0.0;
        for kind in ReadKind::OF_GROUPS {
            let [of_few, of_many] = reads_alone(plan, kind, &few, &many)?;
            let request = kind.request();
            rows.push(row(READERS, request, "10,000", &of_few));
            rows.push(row(READERS, request, "10 million", &of_many));
            let what = format!("`{system}`, 10 million / 10,000 stored, {request}, throughput");
            goals.push(Goal::at_least(what, of_many.throughput / of_few.throughput, 0.8, "×"));
            errors += of_few.errors + of_many.errors;
        }
        let [reads, creates] = reads_beside_creates(plan, &many)?;
        let request = ReadKind::Id.request();
        rows.push(row(READERS, &format!("{request}, during creates"), "10 million", &reads));
        rows.push(row(WRITERS, "`POST /v1/group`, during reads", "10 million", &creates));
        errors += reads.errors + creates.errors;
        let what = format!("`{system}`, reads, and creates during reads: errors");
        goals.push(Goal::at_most(what, errors, 0.0, ""));
    }
    let headers = [&["system", "clients", "request", "stored"], &table::HEADERS[..]].concat();
    Ok(Section { title: "Reads", text: table::render(&headers, &rows), goals })
}

/// Reads without creates, on the two databases alternately.
fn reads_alone(
    plan: Plan,
    kind: ReadKind,
    few: &Deployment,
    many: &Deployment,
) -> anyhow::Result<[Sample; 2]> {
    let subjects = [(few, prefill::FEW), (many, prefill::MANY)];
    super::medians(plan.rounds, &subjects, |(deployment, stored)| {
        reads(kind, *stored).run(&deployment.start()?)
    })
}

/// Reads by id, and creates at the same time. The processor time in each sample is the server's total for both loads.
fn reads_beside_creates(plan: Plan, deployment: &Deployment) -> anyhow::Result<[Sample; 2]> {
    let (mut of_reads, mut of_creates) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let (read, created) = read_and_create(&deployment.start()?)?;
        of_reads.push(read);
        of_creates.push(created);
    }
    Ok([of_reads, of_creates].map(|samples| Sample::median(&samples)))
}

fn read_and_create(server: &Server<'_>) -> anyhow::Result<(Sample, Sample)> {
    thread::scope(|scope| {
        let writers = scope.spawn(|| Load::creates(WRITERS, SHORT).run(server));
        let read = reads(ReadKind::Id, prefill::MANY).run(server)?;
        let created = writers.join().map_err(|_| anyhow!("the writers panicked"))??;
        Ok((read, created))
    })
}

const fn reads(kind: ReadKind, stored: u32) -> Load {
    Load { clients: READERS, time: SHORT, requests: Requests::Reads { kind, stored } }
}
