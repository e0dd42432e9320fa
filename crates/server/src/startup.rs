//! Start, run and shutdown of the server.

mod composition;
mod database;
mod shutdown;
mod signals;

use crate::{
    listener::ListenAddress,
    settings::{Bind, Settings},
};
use actix_web::{
    dev::{Server, ServerHandle},
    rt,
};
use anyhow::Context;
pub(crate) use database::{connect, migrate, open};
use gochat_adapters::{CommitQueue, DEVELOPMENT_KEY};
use shutdown::ShutdownDeadline;
pub(crate) use shutdown::close;
use tokio::task::JoinHandle;

/// A server that is ready to run.
pub struct Application {
    server: Server,
    queue: CommitQueue,
    sweeper: JoinHandle<()>,
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

    /// Logs the version, the addresses, the database and the accepted keys.
    pub fn announce(&self, settings: &Settings) {
        tracing::info!("gochat {}, profile {}", env!("CARGO_PKG_VERSION"), settings.profile);
        let by_systemd = |bind: Bind| if bind == Bind::Systemd { ", passed by systemd" } else { "" };
        tracing::info!("listening on {}{}", self.address, by_systemd(settings.http.bind.clone()));
        let by_systemd = by_systemd(settings.admin_bind.into());
        tracing::info!("admin listener on {}: /livez, /readyz, /metrics{by_systemd}", self.admin_address);
        tracing::info!("database {}", settings.database.url);
        if settings.development_key {
            tracing::info!(
                "API keys: the development key {DEVELOPMENT_KEY}, and those of `gochat keys create`"
            );
        } else {
            tracing::info!("API keys: those of `gochat keys create`; the development key is off");
        }
        tracing::info!("documentation: {}/docs, README.md and docs/api.md", self.address.origin());
    }

    /// Serves until SIGTERM or SIGINT, then for `http.shutdown_delay` more. Then it answers requests in flight and
    /// commits queued writes. The admin listener reports the shutdown until the end.
    pub async fn run_until_stopped(self) -> anyhow::Result<()> {
        let admin = self.admin.handle();
        let admin_server = rt::spawn(self.admin);
        self.server.await.context("the server failed")?;
        self.sweeper.abort();
        close(self.queue, self.shutdown_deadline.remaining())?;
        admin.stop(false).await;
        admin_server.await?.context("the admin listener failed")?;
        tracing::info!("stopped");
        Ok(())
    }
}
