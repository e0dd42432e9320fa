//! Creates while the dashboard is open, and while it is not.
//!
//! An open page costs less than the difference between two loads. So one load runs on one server, and meanwhile the page
//! is opened and closed in turn. Adjacent windows are compared, and they are short, because the speed of a machine changes
//! from second to second.

use super::{Plan, Section};
use crate::{
    load::Load,
    ratio::Ratio,
    server::{Deployment, Server},
    system::System::{self, Postgres, Sqlite},
    table::{self, Goal},
};
use anyhow::{Context, anyhow, ensure};
use gochat_adapters::{CommitOptions, Database, DatabaseOptions};
use gochat_domain::{clock::SystemClock, limits::Limits, service::DashboardService};
use gochat_test_support::{
    Cluster, free_port,
    http::{EventStream, Request, metric},
};
use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

const CLIENTS: usize = 64;

/// Duration of the load, whatever the plan: a shorter load does not show a difference of 2 %.
const TIME: Duration = Duration::from_secs(4 * 60);

/// Duration of the load before the first window. After the last window the load goes on for about as long.
const MARGIN: Duration = Duration::from_secs(4);

/// Duration of a window. The page gets an event each second, so not every window has one.
const WINDOW: Duration = Duration::from_millis(300);

/// The series that counts creates.
const CREATES: &str = r#"gochat_http_requests_total{method="POST",route="/v1/group",status="201"}"#;

/// Windows of a server, with the page closed and with the page open.
#[derive(Default)]
struct Windows {
    closed: Vec<Window>,
    open: Vec<Window>,
    errors: f64,
}

/// The figures of a window.
#[derive(Debug, Clone, Copy)]
struct Window {
    /// Creates per second.
    throughput: f64,
    /// Number of cores that the server used.
    cpu: f64,
}

/// The dashboard of a server, with a session.
struct Dashboard<'a> {
    server: &'a Server<'a>,
    port: u16,
    session: Session,
}

/// A session, as the browser has it.
struct Session {
    cookie: String,
    /// Path of the first page.
    home: String,
}

pub(super) fn run(_: Plan, cluster: &Cluster) -> anyhow::Result<Section> {
    let (mut rows, mut goals) = (Vec::new(), Vec::new());
    for system in [Sqlite, Postgres] {
        let windows = measure(system, cluster)?;
        let mean = |windows: &[Window], figure: fn(&Window) -> f64| {
            windows.iter().map(figure).sum::<f64>() / windows.len() as f64
        };
        for (name, windows) in [("on, not open", &windows.closed), ("open", &windows.open)] {
            let throughput = mean(windows, |window| window.throughput);
            let cpu = mean(windows, |window| window.cpu);
            rows.push(
                [system.to_string(), name.to_owned(), format!("{throughput:.0}"), format!("{cpu:.2}")].into(),
            );
        }
        let throughput = windows.ratio(|window| window.throughput);
        let cpu = windows.ratio(|window| window.cpu);
        rows.push(
            [system.to_string(), "open / not open".to_owned(), throughput.to_string(), cpu.to_string()]
                .into(),
        );
        goals.push(Goal::at_least(
            format!("`{system}`, creates at {CLIENTS} clients, dashboard open / not open, throughput"),
            throughput.value,
            0.98,
            "×",
        ));
        goals.push(Goal::at_most(
            format!("`{system}`, creates beside the dashboard: errors"),
            windows.errors,
            0.0,
            "",
        ));
    }
    let headers = ["system", "dashboard", "creates per second", "CPU cores"];
    Ok(Section { title: "The dashboard", text: table::render(&headers, &rows), goals })
}

impl Windows {
    /// The ratio of a figure with the page open to that with the page closed.
    fn ratio(&self, figure: fn(&Window) -> f64) -> Ratio {
        let pairs = self.open.iter().zip(&self.closed);
        Ratio::of_sums(&pairs.map(|(open, closed)| (figure(open), figure(closed))).collect::<Vec<_>>())
    }
}

/// Measures windows during one load on one server.
fn measure(system: System, cluster: &Cluster) -> anyhow::Result<Windows> {
    let deployment = Deployment::new(system, cluster)?;
    let port = free_port()?;
    let server = deployment.start_with(&[
        ("GOCHAT__ADMIN__BIND", &format!("127.0.0.1:{port}")),
        ("GOCHAT__ADMIN__DASHBOARD", "true"),
    ])?;
    let dashboard =
        Dashboard { server: &server, port, session: Session::open(&new_link(&deployment)?, port)? };
    thread::scope(|scope| {
        let (load, began_at) =
            (scope.spawn(|| Load::creates(CLIENTS, TIME).run_cold(&server)), Instant::now());
        thread::sleep(MARGIN);
        let mut windows = Windows::default();
        while began_at.elapsed() + MARGIN < TIME {
            // In this order, a server that becomes faster or slower favours neither.
            windows.closed.push(dashboard.closed()?);
            windows.open.push(dashboard.open()?);
            windows.open.push(dashboard.open()?);
            windows.closed.push(dashboard.closed()?);
        }
        windows.errors = load.join().map_err(|_| anyhow!("the load panicked"))??.errors;
        Ok(windows)
    })
}

impl Dashboard<'_> {
    /// Measures a window while a page gets the events.
    fn open(&self) -> anyhow::Result<Window> {
        let Session { cookie, home } = &self.session;
        let request = Request::new("GET", &format!("{home}events")).header("Cookie", cookie);
        let (head, mut events) = EventStream::open(self.port, &request);
        ensure!(head.status == 200, "no events: {}", head.status);
        // A page gets the past once, when it is opened.
        events.read().context("no past")?;
        self.closed()
    }

    /// Measures a window.
    fn closed(&self) -> anyhow::Result<Window> {
        let (created, cpu, began_at) = (self.created()?, self.server.usage()?.cpu, Instant::now());
        thread::sleep(WINDOW);
        let (created, time) = (self.created()? - created, began_at.elapsed().as_secs_f64());
        let cpu = self.server.usage()?.cpu.saturating_sub(cpu).as_secs_f64();
        Ok(Window { throughput: created / time, cpu: cpu / time })
    }

    /// The number of groups that the server has created.
    fn created(&self) -> anyhow::Result<f64> {
        metric(self.port, CREATES).context("the server counts no creates")
    }
}

impl Session {
    /// Opens a link, as a browser does.
    fn open(link: &str, port: u16) -> anyhow::Result<Self> {
        let form = Request::form("/open", &[("secret", link)]);
        let reply = form.header("Origin", "http://localhost").send(port);
        let (cookie, _) = reply.header("set-cookie").split_once(';').context("the link does not open")?;
        Ok(Self { cookie: cookie.to_owned(), home: reply.header("location").to_owned() })
    }
}

/// Makes a link, as `gochat dashboard` does.
fn new_link(deployment: &Deployment) -> anyhow::Result<String> {
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
    let link = runtime.block_on(secrets.new_link())?;
    queue.close();
    Ok(link.secret.expose().to_owned())
}
