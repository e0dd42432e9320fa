//! The one-time link.

use crate::{
    app::App,
    driver::{Screen, browse, wait_for},
    keys::with_database,
};
use fantoccini::{Client, Locator, error::CmdError};
use gochat_domain::{clock::SystemClock, service::DashboardService};
use gochat_test_support::TestDatabase;
use std::sync::Arc;

/// Returns the origin of the dashboard.
pub fn origin(app: &App) -> String {
    format!("http://127.0.0.1:{}", app.admin_port)
}

/// Makes a link.
pub fn new_link(app: &App) -> String {
    let secret = with_database(app, async |database, queue| {
        let secrets = DashboardService::new(database.dashboard_secrets(queue), Arc::new(SystemClock));
        secrets.new_link().await.unwrap().secret
    });
    format!("{}/open?secret={}", origin(app), secret.expose())
}

/// Opens a link, and waits for the first page.
pub async fn open(client: &Client, link: &str) -> Result<(), CmdError> {
    client.goto(link).await?;
    wait_for(client, Locator::Css("form[action='/open'] button")).await?.click().await?;
    wait_for(client, Locator::Css("nav a[aria-current='page'][href='/']")).await?;
    Ok(())
}

pub fn the_link_opens_one_browser_once(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let link = new_link(&app);
    browse(Screen::Desktop, async |client| {
        client.goto(&origin(&app)).await?;
        let refused = wait_for(client, Locator::Css("main")).await?.text().await?;
        assert!(refused.contains("There is no session in this browser."), "{refused}");
        client.goto(&link).await?;
        wait_for(client, Locator::Css("form[action='/open'] button")).await?;
        // The secret is not in the history.
        client.wait().for_url(&format!("{}/open", origin(&app)).parse().unwrap()).await?;
        open(client, &link).await?;
        assert_eq!(client.current_url().await?.as_str(), format!("{}/", origin(&app)));
        // No script can read the cookie.
        assert_eq!(client.execute("return document.cookie", Vec::new()).await?, "");
        client.goto(&format!("{}/groups", origin(&app))).await?;
        wait_for(client, Locator::Css("nav a[aria-current='page'][href='/groups']")).await?;
        Ok(())
    })?;
    browse(Screen::Desktop, async |client| {
        client.goto(&link).await?;
        wait_for(client, Locator::Css("form[action='/open'] button")).await?.click().await?;
        let text =
            wait_for(client, Locator::XPath("//h1[. = 'This link is not valid']")).await?.text().await?;
        assert_eq!(text, "This link is not valid");
        client.goto(&format!("{}/groups", origin(&app))).await?;
        wait_for(client, Locator::XPath("//p[contains(., 'There is no session in this browser.')]")).await?;
        Ok(())
    })
}
