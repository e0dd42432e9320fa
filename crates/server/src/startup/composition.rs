//! Composition of settings, adapters, domain and HTTP.

use super::{
    Application,
    dashboard::{self, Parts},
    database,
    shutdown::ShutdownDeadline,
    signals,
};
use crate::{
    admin::{self, Admin},
    hosts::Hosts,
    http::{self, HttpMetrics, Refusals, Services, Streams},
    key_uses::RecordingTask,
    listener::Listeners,
    settings::{Settings, raise_file_limit},
    sweeper,
    telemetry::DroppedLines,
    tls::{self, Tls},
};
use actix_web::rt;
use anyhow::{Context, ensure};
use gochat_adapters::{CachingAuthenticator, DEVELOPMENT_KEY, DevelopmentKey};
use gochat_domain::{
    clock::SystemClock,
    ports::Authenticator,
    service::{GroupService, MemberService},
};
use prometheus::{IntGauge, Opts, Registry};
use std::sync::{Arc, atomic::AtomicBool};

impl Application {
    /// Opens both listeners, then the database, and assembles the server. No database is created before both listeners
    /// are open.
    pub fn build(settings: &Settings, dropped_lines: DroppedLines) -> anyhow::Result<Self> {
        ensure!(
            http::http_server::clock_is_in_range(),
            "the clock of this machine is before 1970 or after 9999; set it"
        );
        signals::handle_sigxfsz().context("cannot install signal handlers")?;
        raise_file_limit().context("cannot raise the limit of open files")?;
        let (mut listeners, mode) = (Listeners::default(), settings.http.socket_mode);
        let (listener, socket_file) = listeners.listen("http", &settings.http.bind, mode)?;
        let (admin_listener, _) = listeners.listen("admin", &settings.admin.bind.into(), mode)?;
        listeners.warn_about_unused();
        let (address, admin_address) = (listener.address()?, admin_listener.address()?);
        // Already checked with the settings, except for sockets from systemd.
        ensure!(
            address.is_local() || !settings.development_key,
            "systemd passed the socket {address} for http.bind, which is not a loopback address, while the development key, \
             which is public, is on; set auth.development_key = false, and make a real key with \
             `gochat keys create --name NAME --scope groups:write`"
        );
        let tls = settings.admin.tls.as_ref().map(Tls::load).transpose()?;
        ensure!(
            admin_address.is_local() || tls.is_some() || !settings.admin.dashboard,
            "systemd passed the socket {admin_address} for admin.bind, which is not a loopback address; for the dashboard, set \
             admin.tls_certificate and admin.tls_key, or set admin.dashboard = false"
        );
        let database = database::open(&settings.database)?;
        let queue = database.start_queue(settings.writer).context("the writers cannot start")?;
        let registry = Registry::new();
        let (metrics, refusals) = (HttpMetrics::new()?, Refusals::default());
        let metrics =
            if settings.admin.dashboard { metrics.with_refusals(refusals.clone()) } else { metrics };
        metrics.register(&registry)?;
        database.register(&registry)?;
        queue.register(&registry)?;
        dropped_lines.register(&registry)?;
        registry.register(Box::new(build_info()?))?;
        let clock = Arc::new(SystemClock);
        let keys = CachingAuthenticator::new(
            database.api_keys(&queue),
            clock.clone(),
            CachingAuthenticator::MAX_AGE,
        )
        .with_metrics(&registry)?;
        let key_uses = keys.use_recorder();
        let authenticator: Arc<dyn Authenticator> =
            if settings.development_key { Arc::new(DevelopmentKey(keys)) } else { Arc::new(keys) };
        let stopping = Arc::new(AtomicBool::new(false));
        let probe = database.readiness_probe(&queue);
        let admin = Admin { registry, database: probe.clone(), stopping: Arc::clone(&stopping) };
        // If other machines can reach the admin listener, they may use any host name for this machine.
        let only_loopback = settings.development_key && admin_address.is_local();
        let hosts = if only_loopback { Hosts::Loopback } else { Hosts::Any };
        let groups = GroupService::new(queue.groups(), database.group_reader(), clock.clone());
        let members = MemberService::new(queue.members(), database.member_reader(), clock);
        let parts = || Parts {
            database: &database,
            url: &settings.database.url,
            queue: &queue,
            probe,
            metrics: &metrics,
            refusals,
            groups: groups.clone(),
            members: members.clone(),
            address: &address,
            admin_address: &admin_address,
            tls: tls.as_ref(),
        };
        let dashboard = settings.admin.dashboard.then(|| dashboard::compose(parts())).transpose()?;
        let (dashboard, dashboard_tasks) = dashboard.unzip();
        let acceptor = tls.as_ref().map(Tls::acceptor).transpose()?;
        let admin = admin::serve(admin_listener, acceptor, admin, hosts, dashboard)?;
        let certificate_renewal = tls.map(|tls| rt::spawn(tls::renew(tls)));
        let shutdown_deadline = ShutdownDeadline::new(settings.http.shutdown_timeout);
        let shutdown_signal =
            signals::shutdown_signal(settings.http.shutdown_delay, stopping, shutdown_deadline.clone())?;
        let stop = async move {
            shutdown_signal.await;
            // Removed while the listener is still open, so that no other server has taken the path yet.
            drop(socket_file);
        };
        let services = Services {
            groups,
            members,
            authenticator,
            metrics,
            streams: Streams::of_connections(settings.http.max_connections),
            prefilled_key: settings.development_key.then_some(DEVELOPMENT_KEY),
        };
        let server = http::serve(listener, services, settings.http.clone(), stop)?;
        let sweeper = database.idempotency_sweeper(&queue);
        let sweeper = rt::spawn(sweeper::run(sweeper, SystemClock, settings.idempotency_keep));
        let key_uses = RecordingTask::start(key_uses);
        Ok(Self {
            server,
            queue,
            sweeper,
            key_uses,
            dashboard_tasks,
            certificate_renewal,
            shutdown_deadline,
            address,
            admin,
            admin_address,
        })
    }
}

/// Returns a gauge of 1, labelled with the version.
fn build_info() -> prometheus::Result<IntGauge> {
    let opts = Opts::new("gochat_build_info", "1, labelled with the running version.");
    let info = IntGauge::with_opts(opts.const_label("version", env!("CARGO_PKG_VERSION")))?;
    info.set(1);
    Ok(info)
}
