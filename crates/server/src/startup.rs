//! The server, from its start to its end.

mod composition;
mod database;
mod signals;
mod stop;

use crate::{
    listener::Place,
    settings::{Bind, Settings},
};
use actix_web::{
    dev::{Server, ServerHandle},
    rt,
};
use anyhow::{Context, bail};
pub(crate) use database::{connect, migrate, open};
use futures_util::future::{self, Either};
use gochat_adapters::{CommitQueue, DEVELOPMENT_KEY};
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
    ///
    /// # Errors
    /// One of the listeners could not start, as there is too little memory or no thread for it, or failed later. Neither serves
    /// without the other: a process whose `/livez` does not answer must end.
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
        close(self.queue, self.stop.left())?;
        admin.stop(false).await;
        admin_server.await?.context("the admin listener failed")?;
        tracing::info!("stopped");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{settings::Profile, telemetry::LostLines};

    #[actix_web::test]
    async fn a_server_whose_admin_listener_has_ended_ends_with_an_error() {
        let variables = [
            ("GOCHAT__HTTP__BIND", "127.0.0.1:0"),
            ("GOCHAT__ADMIN__BIND", "127.0.0.1:0"),
            ("GOCHAT__DATABASE__URL", "sqlite::memory:"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = Settings::load(Profile::Development, variables).unwrap();
        let application = Application::build(&settings, LostLines::default()).unwrap();
        let admin = application.admin.handle();
        rt::spawn(async move { admin.stop(false).await });
        let error = application.run_until_stopped().await.unwrap_err();
        assert_eq!(error.to_string(), "the admin listener has ended");
    }
}
