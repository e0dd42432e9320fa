//! Start, run and shutdown of the server.

mod composition;
mod dashboard;
mod database;
mod links;
mod sampling;
mod shutdown;
mod signals;

use crate::{
    key_uses::RecordingTask,
    listener::ListenAddress,
    settings::{Bind, Settings},
};
use actix_web::{
    dev::{Server, ServerHandle},
    rt,
};
use anyhow::{Context, bail};
use dashboard::DashboardTasks;
pub(crate) use database::{connect, migrate, open};
use futures_util::future::{self, Either};
use gochat_adapters::{CommitQueue, DEVELOPMENT_KEY};
use shutdown::ShutdownDeadline;
pub(crate) use shutdown::close;
use tokio::task::JoinHandle;

/// A server that is ready to run.
pub struct Application {
    server: Server,
    queue: CommitQueue,
    sweeper: JoinHandle<()>,
    key_uses: RecordingTask,
    dashboard_tasks: Option<DashboardTasks>,
    certificate_renewal: Option<JoinHandle<()>>,
    shutdown_deadline: ShutdownDeadline,
    address: ListenAddress,
    admin: Server,
    admin_address: ListenAddress,
}

impl Application {
    /// Returns the port of the public listener; `None` for a Unix socket.
    pub fn port(&self) -> Option<u16> {
        self.address.port()
    }

    /// Returns the port of the admin listener.
    pub fn admin_port(&self) -> Option<u16> {
        self.admin_address.port()
    }

    /// Returns a handle that stops the server as SIGTERM does.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Logs the version, the addresses, the database, the accepted keys and a link to the dashboard.
    pub fn announce(&mut self, settings: &Settings) {
        tracing::info!("gochat {}, profile {}", env!("CARGO_PKG_VERSION"), settings.profile);
        let source = |bind: Bind| if bind == Bind::Systemd { ", passed by systemd" } else { "" };
        tracing::info!("listening on {}{}", self.address, source(settings.http.bind.clone()));
        let admin_source = source(settings.admin.bind.into());
        let admin_address = match &settings.admin.tls {
            Some(_) => self.admin_address.to_string().replacen("http:", "https:", 1),
            None => self.admin_address.to_string(),
        };
        tracing::info!("admin listener on {admin_address}: /livez, /readyz, /metrics{admin_source}");
        tracing::info!("database {}", settings.database.url);
        if settings.development_key {
            tracing::info!(
                "API keys: the development key {DEVELOPMENT_KEY}, and those of `gochat keys create`"
            );
        } else {
            tracing::info!("API keys: those of `gochat keys create`; the development key is off");
        }
        tracing::info!("documentation: {}/docs, README.md and docs/api.md", self.address.origin());
        if let Some(tasks) = &mut self.dashboard_tasks {
            tasks.log_link();
        }
    }

    /// Serves until `http.shutdown_delay` after SIGTERM or SIGINT. Then answers the requests in flight, and commits the
    /// queued writes and the last uses of keys. The admin listener reports the shutdown until the end.
    ///
    /// # Errors
    /// A listener cannot start, for lack of memory or threads, or fails later. The other one must not serve alone: a
    /// process whose `/livez` does not answer must end, so that its supervisor starts a new one.
    pub async fn run_until_stopped(self) -> anyhow::Result<()> {
        let admin = self.admin.handle();
        let admin_server = match future::select(self.server, rt::spawn(self.admin)).await {
            Either::Left((served, admin_server)) => {
                served.context("the server failed")?;
                admin_server
            }
            Either::Right((ended, _)) => {
                ended?.context("the admin listener failed")?;
                bail!("the admin listener has ended");
            }
        };
        self.sweeper.abort();
        self.key_uses.finish(self.shutdown_deadline.remaining()).await;
        self.dashboard_tasks.iter().for_each(DashboardTasks::abort);
        self.certificate_renewal.iter().for_each(JoinHandle::abort);
        close(self.queue, self.shutdown_deadline.remaining())?;
        admin.stop(false).await;
        admin_server.await?.context("the admin listener failed")?;
        tracing::info!("stopped");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{settings::Profile, telemetry::DroppedLines};

    #[actix_web::test]
    async fn a_server_whose_admin_listener_has_ended_ends_with_an_error() {
        let variables = [
            ("GOCHAT__HTTP__BIND", "127.0.0.1:0"),
            ("GOCHAT__ADMIN__BIND", "127.0.0.1:0"),
            ("GOCHAT__DATABASE__URL", "sqlite::memory:"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = Settings::load(Profile::Development, variables).unwrap();
        let application = Application::build(&settings, DroppedLines::default()).unwrap();
        let admin = application.admin.handle();
        rt::spawn(async move { admin.stop(false).await });
        let error = application.run_until_stopped().await.unwrap_err();
        assert_eq!(error.to_string(), "the admin listener has ended");
    }
}
