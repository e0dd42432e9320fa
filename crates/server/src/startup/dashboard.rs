//! Composition of the dashboard.

use super::{links::Links, sampling};
use crate::{
    dashboard::{Access, ApiUrl, Dashboard, Names, link},
    http::{HttpMetrics, Refusals},
    listener::ListenAddress,
    tls::Tls,
};
use gochat_adapters::{CommitQueue, Database, DatabaseUrl, ReadinessProbe};
use gochat_domain::{
    clock::SystemClock,
    service::{ApiKeyService, DashboardService, GroupService, MemberService},
};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// The parts of the server that the dashboard uses.
pub(super) struct Parts<'a> {
    pub(super) database: &'a Database,
    pub(super) url: &'a DatabaseUrl,
    pub(super) queue: &'a CommitQueue,
    pub(super) probe: ReadinessProbe,
    pub(super) metrics: &'a HttpMetrics,
    pub(super) refusals: Refusals,
    pub(super) groups: GroupService,
    pub(super) members: MemberService,
    /// Address of the public listener.
    pub(super) address: &'a ListenAddress,
    pub(super) admin_address: &'a ListenAddress,
    pub(super) tls: Option<&'a Tls>,
}

/// The tasks of the dashboard that run beside the listeners.
pub(super) struct DashboardTasks {
    links: Links,
    sampler: JoinHandle<()>,
    link_in_log: Option<JoinHandle<()>>,
}

impl DashboardTasks {
    /// Logs a link once it is stored.
    pub(super) fn log_link(&mut self) {
        self.link_in_log = Some(self.links.log_one());
    }

    /// Ends the tasks.
    pub(super) fn abort(&self) {
        self.sampler.abort();
        self.link_in_log.iter().for_each(JoinHandle::abort);
    }
}

/// Assembles the dashboard, and starts its sampler.
pub(super) fn compose(parts: Parts<'_>) -> anyhow::Result<(Dashboard, DashboardTasks)> {
    let Parts {
        database,
        url,
        queue,
        probe,
        metrics,
        refusals,
        groups,
        members,
        address,
        admin_address,
        tls,
    } = parts;
    let clock = Arc::new(SystemClock);
    let certificate = tls.map(Tls::certificate);
    let secrets = DashboardService::new(database.dashboard_secrets(queue), clock.clone());
    let origin = admin_address.socket_address().map(|address| link::origin(address, certificate.as_ref()));
    let links = Links { secrets: secrets.clone(), origin: origin.unwrap_or_default() };
    let (now, sampler) = sampling::start(metrics, queue, refusals.clone(), probe, url)?;
    let names = Names::new(admin_address.is_local(), tls.cloned());
    let dashboard = Dashboard {
        access: Access::new(names, secrets, clock.clone()),
        groups,
        members,
        keys: Arc::new(ApiKeyService::new(database.api_keys(queue), clock)),
        api: ApiUrl::of(address),
        now,
        refusals,
    };
    Ok((dashboard, DashboardTasks { links, sampler, link_in_log: None }))
}
