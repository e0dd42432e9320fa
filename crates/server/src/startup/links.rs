//! The link to the dashboard in the log.

use crate::dashboard::link;
use actix_web::rt;
use gochat_domain::service::DashboardService;
use tokio::task::JoinHandle;

/// Makes links to the dashboard.
pub(super) struct Links {
    pub(super) secrets: DashboardService,
    /// Scheme, host and port of the dashboard; empty for a Unix socket, which has no URL.
    pub(super) origin: String,
}

impl Links {
    /// Logs a new link once it is stored. The start does not wait for that: the database may be busy.
    pub(super) fn log_one(&self) -> JoinHandle<()> {
        let Self { secrets, origin } = self;
        let (secrets, origin) = (secrets.clone(), origin.clone());
        rt::spawn(async move {
            match secrets.new_link().await {
                Ok(link) => {
                    tracing::info!(
                        "dashboard: {} (opens once, within 10 minutes)",
                        link::url(&origin, &link)
                    );
                }
                Err(error) => tracing::warn!(
                    cause = format!("{:#}", anyhow::Error::from(error)),
                    "no link to the dashboard was stored; `gochat dashboard` makes one"
                ),
            }
        })
    }
}
