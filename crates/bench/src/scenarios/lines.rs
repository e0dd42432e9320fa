//! Many groups in one request, compared with single requests, and single requests beside such a stream.

use super::{Plan, Section};
use crate::{
    line_stream::{self, Streamed},
    load::{Load, Sample},
    server::{Deployment, Server},
    system::System::{self, Postgres, Sqlite},
    table::{self, Goal},
};
use anyhow::anyhow;
use gochat_test_support::Cluster;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

/// Number of clients of the single requests that a stream is compared with.
const CLIENTS: usize = 64;

/// Number of clients whose latency is measured beside a stream.
const CLIENTS_BESIDE: usize = 8;

/// The measurements of a round.
#[derive(Debug, Clone, Copy)]
enum Subject {
    Single,
    Stream,
    Alone,
    BesideStream,
}

const SUBJECTS: [Subject; 4] = [Subject::Single, Subject::Stream, Subject::Alone, Subject::BesideStream];

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let (mut rows, mut goals) = (Vec::new(), Vec::new());
    for system in [Sqlite, Postgres] {
        let medians =
            super::medians(plan.rounds, &SUBJECTS, |subject| measure(*subject, system, plan, cluster))?;
        let names = [
            format!("{CLIENTS} clients"),
            format!("a stream of {} lines", plan.lines),
            format!("{CLIENTS_BESIDE} clients"),
            format!("{CLIENTS_BESIDE} clients beside a stream"),
        ];
        rows.extend(
            names
                .into_iter()
                .zip(&medians)
                .map(|(name, sample)| [vec![system.to_string(), name], table::cells(sample)].concat()),
        );
        goals.extend(goals_of(system, &medians));
    }
    let headers = [&["system", "load"], &table::HEADERS[..]].concat();
    Ok(Section { title: "Many groups in one request", text: table::render(&headers, &rows), goals })
}

fn measure(subject: Subject, system: System, plan: Plan, cluster: &Cluster) -> anyhow::Result<Sample> {
    let deployment = Deployment::new(system, cluster)?;
    let server = deployment.start()?;
    let sample = match subject {
        Subject::Single => Load::creates(CLIENTS, plan.time).run(&server)?,
        Subject::Stream => stream(&server, plan.lines)?,
        Subject::Alone => Load::creates(CLIENTS_BESIDE, plan.time).run(&server)?,
        Subject::BesideStream => beside_stream(&server, plan)?,
    };
    eprintln!("{system:17} {subject:?}: {:6.0}/s, p99 {:.0} µs", sample.throughput, sample.p99);
    Ok(sample)
}

/// Streams this many lines. The latency of a line is not measured.
pub(super) fn stream(server: &Server<'_>, lines: usize) -> anyhow::Result<Sample> {
    let before = server.usage()?;
    let Streamed { throughput, errors } = line_stream::run(server, lines, &AtomicBool::new(false))?;
    let after = server.usage()?;
    let seconds = lines as f64 / throughput;
    Ok(Sample {
        throughput,
        p50: f64::NAN,
        p99: f64::NAN,
        p999: f64::NAN,
        cpu: after.cpu.saturating_sub(before.cpu).as_secs_f64() / seconds,
        peak: after.peak as f64,
        errors: errors as f64,
        statuses: [0; 3],
    })
}

/// Runs single requests while a stream runs for all of the time.
fn beside_stream(server: &Server<'_>, plan: Plan) -> anyhow::Result<Sample> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let stream = scope.spawn(|| line_stream::run(server, usize::MAX, &stop));
        let sample = Load::creates(CLIENTS_BESIDE, plan.time).run(server);
        stop.store(true, Ordering::Relaxed);
        let Streamed { throughput, errors } = stream.join().map_err(|_| anyhow!("the stream panicked"))??;
        eprintln!("the stream beside {CLIENTS_BESIDE} clients: {throughput:6.0}/s");
        let sample = sample?;
        Ok(Sample { errors: sample.errors + errors as f64, ..sample })
    })
}

fn goals_of(system: System, [single, stream, alone, beside]: &[Sample; SUBJECTS.len()]) -> Vec<Goal> {
    vec![
        Goal::at_least(
            format!("`{system}`, one stream of lines / single requests at {CLIENTS} clients, throughput"),
            stream.throughput / single.throughput,
            2.5,
            "×",
        ),
        Goal::at_most(
            format!("`{system}`, creates at {CLIENTS_BESIDE} clients, beside a stream / alone, p99"),
            beside.p99 / alone.p99,
            3.0,
            "×",
        ),
        Goal::at_most(
            format!("`{system}`, lines and creates beside them: errors"),
            [single, stream, alone, beside].iter().map(|sample| sample.errors).sum(),
            0.0,
            "",
        ),
    ]
}
