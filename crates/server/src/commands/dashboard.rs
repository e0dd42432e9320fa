//! `gochat dashboard`

use super::standard_output;
use crate::{
    dashboard::link,
    settings::{AdminBind, Settings},
    tls::Tls,
};
use anyhow::{bail, ensure};
use gochat_adapters::DatabaseUrl;
use gochat_domain::{clock::SystemClock, service::DashboardService};
use std::sync::Arc;

/// Prints a new link, or revokes all links and sessions, in the configured database.
pub(super) fn run(settings: &Settings, revoke: bool) -> anyhow::Result<()> {
    ensure!(
        settings.database.url != DatabaseUrl::SqliteMemory,
        "database.url = \"{}\" cannot be used by this command: only the server itself has that database, and its log has a \
         link",
        settings.database.url
    );
    if revoke {
        with_secrets(settings, async |secrets| Ok(secrets.revoke_all().await?))?;
        eprintln!(
            "revoked all links and sessions of the dashboard; running servers refuse them within 5 seconds"
        );
        return Ok(());
    }
    ensure!(
        settings.admin.dashboard,
        "the dashboard is off; set admin.dashboard = true, and start the server again"
    );
    let origin = origin(settings)?;
    let link = with_secrets(settings, async |secrets| Ok(secrets.new_link().await?))?;
    eprintln!("the link opens once, within 10 minutes");
    Ok(standard_output::print(format!("{}\n", link::url(&origin, &link)).as_bytes())?)
}

fn with_secrets<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(DashboardService) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    super::with_database(settings, async |database, queue| {
        work(DashboardService::new(database.dashboard_secrets(queue), Arc::new(SystemClock))).await
    })
}

/// Returns the origin of the dashboard of a server with these settings.
fn origin(settings: &Settings) -> anyhow::Result<String> {
    let AdminBind::Address(address) = settings.admin.bind else {
        bail!(
            "admin.bind = \"systemd\" does not tell the address; for this command, set the address of the socket unit, like GOCHAT__ADMIN__BIND=127.0.0.1:1214"
        );
    };
    ensure!(
        address.port() != 0,
        "admin.bind = \"{address}\" cannot be used by this command: port 0 is another port at each start; the log of the \
         server has a link"
    );
    let tls = settings.admin.tls.as_ref().map(Tls::load).transpose()?;
    Ok(link::origin(address, tls.map(|tls| tls.certificate()).as_ref()))
}
