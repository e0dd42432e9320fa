//! Composes settings, adapters, domain and HTTP into a server.

mod listen;
mod stop;

use crate::{
    admin::{self, Admin},
    http::{self, HttpMetrics, Services},
    settings::{DatabaseSettings, Settings, raise_limit},
    sweeper,
    telemetry::LostLines,
};
use actix_web::{
    dev::{Server, ServerHandle},
    rt,
};
use anyhow::{Context, ensure};
use gochat_adapters::{CachingAuthenticator, CommitQueue, DEVELOPMENT_KEY, Database, DevelopmentKey};
use gochat_domain::{clock::SystemClock, ports::Authenticator, service::GroupService};
use listen::listen;
use prometheus::{IntGauge, Opts, Registry};
use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicBool},
};
use stop::Budget;
pub(crate) use stop::close;
use tokio::task::JoinHandle;

/// A server that is ready to run.
pub struct Application {
    server: Server,
    queue: CommitQueue,
    sweeper: JoinHandle<()>,
    stop: Budget,
    address: SocketAddr,
    admin: Server,
    admin_address: SocketAddr,
}

impl Application {
    /// Takes the ports, opens the database, and puts the server together. Nothing is made before the ports are ours.
    pub fn build(settings: &Settings, lost_lines: LostLines) -> anyhow::Result<Self> {
        ensure!(
            http::edge::clock_is_right(),
            "the clock of this machine is before 1970 or after 9999; set it"
        );
        raise_limit().context("the limit of open files cannot be raised")?;
        let listener = listen("http.bind", settings.http.bind)?;
        let admin_listener = listen("admin.bind", settings.admin_bind)?;
        let (address, admin_address) = (listener.local_addr()?, admin_listener.local_addr()?);
        let database = open(&settings.database)?;
        let queue = database.start_queue(settings.writer).context("the writers cannot start")?;
        let registry = Registry::new();
        let metrics = HttpMetrics::new()?;
        metrics.register(&registry)?;
        database.register(&registry)?;
        queue.register(&registry)?;
        lost_lines.register(&registry)?;
        registry.register(Box::new(build_info()?))?;
        let clock = Arc::new(SystemClock);
        let keys = CachingAuthenticator::new(
            database.api_keys(&queue),
            clock.clone(),
            CachingAuthenticator::MAX_AGE,
        )
        .measured(&registry)?;
        let authenticator: Arc<dyn Authenticator> =
            if settings.development_key { Arc::new(DevelopmentKey(keys)) } else { Arc::new(keys) };
        let stopping = Arc::new(AtomicBool::new(false));
        let admin =
            Admin { registry, database: database.readiness_probe(&queue), stopping: Arc::clone(&stopping) };
        let admin = admin::serve(admin_listener, admin, settings.admin_hosts)?;
        let stop = Budget::new(settings.http.shutdown_timeout);
        let signalled = stop::signalled(settings.http.shutdown_delay, stopping, stop.clone())?;
        let services = Services {
            groups: GroupService::new(queue.groups(), database.group_reader(), clock),
            authenticator,
            metrics,
            known_key: settings.development_key.then_some(DEVELOPMENT_KEY),
        };
        let server = http::serve(listener, services, settings.http.clone(), signalled)?;
        let sweeper = database.idempotency_sweeper(&queue);
        let sweeper = rt::spawn(sweeper::run(sweeper, SystemClock, settings.idempotency_keep));
        Ok(Self { server, queue, sweeper, stop, address, admin, admin_address })
    }

    /// The port that the server listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The port that the admin listener listens on.
    pub fn admin_port(&self) -> u16 {
        self.admin_address.port()
    }

    /// Stops the server as SIGTERM does, from elsewhere.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Tells the log what runs here, and how to use it.
    pub fn announce(&self, settings: &Settings) {
        tracing::info!("gochat {}, profile {}", env!("CARGO_PKG_VERSION"), settings.profile);
        tracing::info!("listening on http://{}", self.address);
        tracing::info!("admin listener on http://{}: /livez, /readyz, /metrics", self.admin_address);
        tracing::info!("database {}", settings.database.url);
        if settings.development_key {
            tracing::info!(
                "API keys: the development key {DEVELOPMENT_KEY}, and those of `gochat keys create`"
            );
        } else {
            tracing::info!("API keys: those of `gochat keys create`; the development key is off");
        }
        tracing::info!("documentation: http://{}/docs, README.md and docs/api.md", self.address);
    }

    /// Serves until SIGTERM or SIGINT, and for `http.shutdown_delay` more; then answers what is in flight, and stores and
    /// answers what is queued. The admin listener tells of that until the end.
    pub async fn run_until_stopped(self) -> anyhow::Result<()> {
        let admin = self.admin.handle();
        let admin_server = rt::spawn(self.admin);
        self.server.await.context("the server failed")?;
        self.sweeper.abort();
        close(self.queue, self.stop.left())?;
        admin.stop(false).await;
        admin_server.await?.context("the admin listener failed")?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// The database of the settings, its schema up to date.
pub(crate) fn open(settings: &DatabaseSettings) -> anyhow::Result<Database> {
    let database = connect(settings)?;
    if settings.migrate_on_start {
        migrate(&database, settings, &|version| tracing::info!("migrated the database to {version}"))?;
    } else {
        database.check_schema().with_context(|| in_setting(settings))?;
    }
    Ok(database)
}

/// The database of the settings, as it is.
pub(crate) fn connect(settings: &DatabaseSettings) -> anyhow::Result<Database> {
    Database::connect(&settings.url, settings.options).with_context(|| in_setting(settings))
}

/// Runs the pending migrations, and returns their versions. `progress` is told each one when it is in effect.
pub(crate) fn migrate(
    database: &Database,
    settings: &DatabaseSettings,
    progress: &dyn Fn(&str),
) -> anyhow::Result<Vec<String>> {
    database.migrate_telling(progress).with_context(|| in_setting(settings))
}

fn in_setting(settings: &DatabaseSettings) -> String {
    format!("database.url = \"{}\" cannot be used", settings.url)
}

/// A one, labelled with what runs.
fn build_info() -> prometheus::Result<IntGauge> {
    let opts = Opts::new("gochat_build_info", "1, for the version that runs.");
    let info = IntGauge::with_opts(opts.const_label("version", env!("CARGO_PKG_VERSION")))?;
    info.set(1);
    Ok(info)
}
