//! Creates while the dashboard is open, and while it is not.

use super::{Plan, Section};
use crate::{
    load::{Load, Sample},
    server::{Deployment, Server},
    system::System::{self, Postgres, Sqlite},
    table::{self, Goal},
};
use anyhow::{Context, anyhow, ensure};
use gochat_adapters::{CommitOptions, Database, DatabaseOptions};
use gochat_domain::{clock::SystemClock, limits::Limits, service::DashboardService};
use gochat_test_support::{
    Cluster, free_port,
    http::{EventStream, Request},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

const CLIENTS: usize = 64;

/// Minimum number of rounds. The difference is small, so few rounds would show only chance.
const MIN_ROUNDS: usize = 7;

/// The loads of a round on one server, in an order in which a server that becomes faster or slower favours neither.
const ORDER: [Page; 4] = [Page::Closed, Page::Open, Page::Open, Page::Closed];

/// The page of the dashboard while a load runs.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Page {
    Closed,
    Open,
}

pub(super) fn run(plan: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let (mut rows, mut goals) = (Vec::new(), Vec::new());
    for system in [Sqlite, Postgres] {
        let rounds = (0..plan.rounds.max(MIN_ROUNDS))
            .map(|_| measure(system, plan, cluster))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let median = |page| {
            let loads = rounds.iter().flatten().filter(|(of, _)| *of == page);
            Sample::median(&loads.map(|(_, sample)| *sample).collect::<Vec<_>>())
        };
        let (closed, open) = (median(Page::Closed), median(Page::Open));
        for (name, sample) in [("on, not open", closed), ("open", open)] {
            rows.push([vec![system.to_string(), name.to_owned()], table::cells(&sample)].concat());
        }
        let mut ratios: Vec<_> = rounds.iter().map(|round| open_to_closed(round)).collect();
        ratios.sort_by(f64::total_cmp);
        goals.push(Goal::at_least(
            format!("`{system}`, creates at {CLIENTS} clients, dashboard open / not open, throughput"),
            ratios[ratios.len() / 2],
            0.98,
            "×",
        ));
        goals.push(Goal::at_most(
            format!("`{system}`, creates beside the dashboard: errors"),
            closed.errors + open.errors,
            0.0,
            "",
        ));
    }
    let headers = [&["system", "dashboard"], &table::HEADERS[..]].concat();
    Ok(Section { title: "The dashboard", text: table::render(&headers, &rows), goals })
}

/// The throughput of a round with the page open, divided by that without.
fn open_to_closed(round: &[(Page, Sample)]) -> f64 {
    let sum = |page| -> f64 {
        round.iter().filter(|(of, _)| *of == page).map(|(_, sample)| sample.throughput).sum()
    };
    sum(Page::Open) / sum(Page::Closed)
}

/// Runs the loads of a round.
fn measure(system: System, plan: Plan, cluster: &Cluster) -> anyhow::Result<Vec<(Page, Sample)>> {
    let deployment = Deployment::new(system, cluster)?;
    let admin_port = free_port()?;
    let server = deployment.start_with(&[
        ("GOCHAT__ADMIN__BIND", &format!("127.0.0.1:{admin_port}")),
        ("GOCHAT__ADMIN__DASHBOARD", "true"),
    ])?;
    let session = session(&deployment)?;
    let load = Load::creates(CLIENTS, plan.time);
    ORDER
        .into_iter()
        .map(|page| {
            let sample = match page {
                Page::Closed => load.run(&server)?,
                Page::Open => beside_reader(&server, load, admin_port, &session)?,
            };
            eprintln!("{system:17} dashboard {page:?}: {:6.0}/s, {:.3} cores", sample.throughput, sample.cpu);
            Ok((page, sample))
        })
        .collect()
}

/// Runs the load while a page reads the events of the dashboard.
fn beside_reader(server: &Server<'_>, load: Load, admin_port: u16, session: &str) -> anyhow::Result<Sample> {
    let request = Request::new("GET", "/events").header("Cookie", &format!("gochat_session={session}"));
    let (head, mut events) = EventStream::open(admin_port, &request);
    ensure!(head.status == 200, "no events: {}", head.status);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut read = 0;
            while !stop.load(Ordering::Relaxed) && events.read().is_some() {
                read += 1;
            }
            read
        });
        let sample = load.run(server);
        stop.store(true, Ordering::Relaxed);
        let read = reader.join().map_err(|_| anyhow!("the reader of events panicked"))?;
        // The first event has the samples of the past. Then one comes for most seconds of the load.
        ensure!(read > 1, "the dashboard sent {read} events");
        sample
    })
}

/// Opens a session, as `gochat dashboard` and a browser do.
fn session(deployment: &Deployment) -> anyhow::Result<String> {
    let timeout = Duration::from_secs(20);
    let options = DatabaseOptions { pool_size: 1, read_queue: 1, timeout, prepared_statements: true };
    let database = Database::connect(&deployment.url().parse()?, options)?;
    let queue = database.start_queue(CommitOptions {
        batch: 1,
        queue: 1,
        writers: 1,
        timeout,
        limits: Limits::default(),
    })?;
    let secrets = DashboardService::new(database.dashboard_secrets(&queue), Arc::new(SystemClock));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let session = runtime.block_on(async {
        let link = secrets.new_link().await?;
        secrets.open(&link.secret).await?.context("the link does not open")
    })?;
    queue.close();
    Ok(session.secret.expose().to_owned())
}
