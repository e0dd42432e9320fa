//! Composes settings, adapters, domain and HTTP into a server.

use crate::{
    admin::{self, Admin},
    http::{self, HttpMetrics, Services},
    settings::{DatabaseSettings, Settings},
    sweeper,
};
use actix_web::{
    dev::{Server, ServerHandle},
    rt::{
        self,
        signal::unix::{SignalKind, signal},
    },
};
use anyhow::Context;
use gochat_adapters::{CachingAuthenticator, DEVELOPMENT_KEY, Database, DevelopmentKey, GroupWriters};
use gochat_domain::{clock::SystemClock, ports::Authenticator, service::GroupService};
use prometheus::{IntGauge, Opts, Registry};
use std::{
    future, io,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    task::Poll,
    thread,
    time::Duration,
};
use tokio::task::JoinHandle;

/// A server that is ready to run.
pub struct Application {
    server: Server,
    writers: GroupWriters,
    sweeper: JoinHandle<()>,
    shutdown_timeout: Duration,
    address: SocketAddr,
    admin: Server,
    admin_address: SocketAddr,
}

impl Application {
    /// Takes the ports, opens the database, and puts the server together. Nothing is made before the ports are ours.
    pub fn build(settings: &Settings) -> anyhow::Result<Self> {
        let listener = listen("http.bind", settings.http.bind)?;
        let admin_listener = listen("admin.bind", settings.admin_bind)?;
        let (address, admin_address) = (listener.local_addr()?, admin_listener.local_addr()?);
        let database = open(&settings.database)?;
        let writers =
            database.start_writers(settings.writer).context("the writers of groups cannot start")?;
        let registry = Registry::new();
        let metrics = HttpMetrics::new()?;
        metrics.register(&registry)?;
        database.register(&registry)?;
        writers.register(&registry)?;
        registry.register(Box::new(build_info()?))?;
        let clock = Arc::new(SystemClock);
        let keys =
            CachingAuthenticator::new(database.api_keys(), clock.clone(), CachingAuthenticator::MAX_AGE)
                .measured(&registry)?;
        let authenticator: Arc<dyn Authenticator> =
            if settings.development_key { Arc::new(DevelopmentKey(keys)) } else { Arc::new(keys) };
        let services = Services {
            groups: GroupService::new(writers.repository(), database.group_reader(), clock),
            authenticator,
            metrics,
        };
        let stopping = Arc::new(AtomicBool::new(false));
        let admin = Admin { registry, database: database.readiness_probe(), stopping: Arc::clone(&stopping) };
        let admin = admin::serve(admin_listener, admin)?;
        let signal = stop_signal()?;
        let stop = async move {
            signal.await;
            stopping.store(true, Ordering::SeqCst);
        };
        let server = http::serve(listener, services, settings.http.clone(), stop)?;
        let sweeper =
            rt::spawn(sweeper::run(database.idempotency_sweeper(), SystemClock, settings.idempotency_keep));
        let shutdown_timeout = settings.http.shutdown_timeout;
        Ok(Self { server, writers, sweeper, shutdown_timeout, address, admin, admin_address })
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

    /// Serves until SIGTERM or SIGINT; then answers what is in flight, and stores and answers what is queued. The admin
    /// listener tells of that until the end.
    pub async fn run_until_stopped(self) -> anyhow::Result<()> {
        let admin = self.admin.handle();
        let admin_server = rt::spawn(self.admin);
        self.server.await.context("the server failed")?;
        self.sweeper.abort();
        close(self.writers, self.shutdown_timeout)?;
        admin.stop(false).await;
        admin_server.await?.context("the admin listener failed")?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Stores and answers what is queued. A database that does not answer cannot hold up the end for ever.
fn close(writers: GroupWriters, timeout: Duration) -> anyhow::Result<()> {
    let (close, closed) = mpsc::channel();
    thread::Builder::new().name("shutdown".into()).spawn(move || {
        writers.close();
        close.send(())
    })?;
    closed.recv_timeout(timeout).context("the database does not answer; what waited may not be stored")
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

/// Comes when the process is told to stop. From now on it is, by SIGTERM and SIGINT, and does not end at once.
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send> {
    let mut signals = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    Ok(future::poll_fn(move |cx| {
        let come = signals.iter_mut().any(|signal| signal.poll_recv(cx).is_ready());
        if come { Poll::Ready(()) } else { Poll::Pending }
    }))
}

/// A one, labelled with what runs.
fn build_info() -> prometheus::Result<IntGauge> {
    let opts = Opts::new("gochat_build_info", "1, for the version that runs.");
    let info = IntGauge::with_opts(opts.const_label("version", env!("CARGO_PKG_VERSION")))?;
    info.set(1);
    Ok(info)
}

fn listen(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).with_context(|| {
        format!("{setting} = \"{address}\" cannot be listened on; set an address that is free")
    })
}
