//! Composes settings, adapters, domain and HTTP into a server.

mod stop;

use crate::{
    admin::{self, Admin},
    hosts::Hosts,
    http::{self, HttpMetrics, Services},
    listener::{Listeners, Place},
    settings::{Bind, DatabaseSettings, Settings, raise_limit},
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
use prometheus::{IntGauge, Opts, Registry};
use std::sync::{Arc, atomic::AtomicBool};
use stop::Budget;
pub(crate) use stop::close;
use tokio::task::JoinHandle;

/// A server that is ready to run.
pub struct Application {
    server: Server,
    queue: CommitQueue,
    sweeper: JoinHandle<()>,
    stop: Budget,
    place: Place,
    admin: Server,
    admin_place: Place,
}

impl Application {
    /// Takes the ports, opens the database, and puts the server together. Nothing is made before the ports are ours.
    pub fn build(settings: &Settings, lost_lines: LostLines) -> anyhow::Result<Self> {
        ensure!(
            http::edge::clock_is_right(),
            "the clock of this machine is before 1970 or after 9999; set it"
        );
        stop::outlive_file_limits().context("no signal can be handled")?;
        raise_limit().context("the limit of open files cannot be raised")?;
        let (mut listeners, mode) = (Listeners::default(), settings.http.socket_mode);
        let (listener, socket_file) = listeners.listen("http", &settings.http.bind, mode)?;
        let (admin_listener, _) = listeners.listen("admin", &settings.admin_bind.into(), mode)?;
        listeners.warn_of_others();
        let (place, admin_place) = (listener.place()?, admin_listener.place()?);
        // The settings were checked, but for what systemd hands over.
        ensure!(
            place.is_local() || !settings.development_key,
            "http.bind = \"systemd\" has handed over {place}, which is not a loopback address, as everybody knows the \
             development key; set auth.development_key = false, and make a real key by \
             `gochat keys create --name NAME --scope groups:write`"
        );
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
        // From another machine it is asked by whatever name that has for this one.
        let is_own = settings.development_key && admin_place.is_local();
        let admin = admin::serve(admin_listener, admin, if is_own { Hosts::Loopback } else { Hosts::Any })?;
        let stop = Budget::new(settings.http.shutdown_timeout);
        let signalled = stop::signalled(settings.http.shutdown_delay, stopping, stop.clone())?;
        let closes = async move {
            signalled.await;
            // While it is served, so that nobody else takes its place meanwhile.
            drop(socket_file);
        };
        let services = Services {
            groups: GroupService::new(queue.groups(), database.group_reader(), clock),
            authenticator,
            metrics,
            known_key: settings.development_key.then_some(DEVELOPMENT_KEY),
        };
        let server = http::serve(listener, services, settings.http.clone(), closes)?;
        let sweeper = database.idempotency_sweeper(&queue);
        let sweeper = rt::spawn(sweeper::run(sweeper, SystemClock, settings.idempotency_keep));
        Ok(Self { server, queue, sweeper, stop, place, admin, admin_place })
    }

    /// The port that the server listens on; a Unix socket has none.
    pub fn port(&self) -> Option<u16> {
        self.place.port()
    }

    /// The port that the admin listener listens on; a Unix socket has none.
    pub fn admin_port(&self) -> Option<u16> {
        self.admin_place.port()
    }

    /// Stops the server as SIGTERM does, from elsewhere.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Tells the log what runs here, and how to use it.
    pub fn announce(&self, settings: &Settings) {
        tracing::info!("gochat {}, profile {}", env!("CARGO_PKG_VERSION"), settings.profile);
        let by_systemd = |bind: Bind| if bind == Bind::Systemd { ", handed over by systemd" } else { "" };
        tracing::info!("listening on {}{}", self.place, by_systemd(settings.http.bind.clone()));
        let by_systemd = by_systemd(settings.admin_bind.into());
        tracing::info!("admin listener on {}: /livez, /readyz, /metrics{by_systemd}", self.admin_place);
        tracing::info!("database {}", settings.database.url);
        if settings.development_key {
            tracing::info!(
                "API keys: the development key {DEVELOPMENT_KEY}, and those of `gochat keys create`"
            );
        } else {
            tracing::info!("API keys: those of `gochat keys create`; the development key is off");
        }
        tracing::info!("documentation: {}/docs, README.md and docs/api.md", self.place.origin());
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
