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

/// Opens a link, and waits for the first page. Returns its address, below which all pages of the session are.
pub async fn open(client: &Client, link: &str) -> Result<String, CmdError> {
    client.goto(link).await?;
    wait_for(client, Locator::Css("form[action='/open'] button")).await?.click().await?;
    current_tab(client, "Now").await?;
    Ok(client.current_url().await?.into())
}

/// Waits until a tab is shown.
pub async fn current_tab(client: &Client, title: &str) -> Result<(), CmdError> {
    let tab = format!("//nav//a[@aria-current = 'page'][. = '{title}']");
    wait_for(client, Locator::XPath(&tab)).await.map(drop)
}

pub fn the_link_opens_one_browser_once(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let link = new_link(&app);
    let home = browse(Screen::Desktop, async |client| {
        client.goto(&origin(&app)).await?;
        let refused = wait_for(client, Locator::Css("main")).await?.text().await?;
        assert!(refused.contains("There is no session at this address."), "{refused}");
        client.goto(&link).await?;
        wait_for(client, Locator::Css("form[action='/open'] button")).await?;
        // The secret is not in the history.
        client.wait().for_url(&format!("{}/open", origin(&app)).parse().unwrap()).await?;
        let home = open(client, &link).await?;
        let start = format!("{}/s/", origin(&app));
        assert!(home.starts_with(&start) && home.len() == start.len() + 65, "{home}");
        // No script can read the cookie.
        assert_eq!(client.execute("return document.cookie", Vec::new()).await?, "");
        client.goto(&format!("{home}groups")).await?;
        current_tab(client, "Groups").await?;
        Ok(home)
    })?;
    browse(Screen::Desktop, async |client| {
        client.goto(&link).await?;
        wait_for(client, Locator::Css("form[action='/open'] button")).await?.click().await?;
        let text =
            wait_for(client, Locator::XPath("//h1[. = 'This link is not valid']")).await?.text().await?;
        assert_eq!(text, "This link is not valid");
        // The address of a session is of no use to another browser.
        client.goto(&home).await?;
        wait_for(client, Locator::XPath("//p[contains(., 'There is no session at this address.')]")).await?;
        Ok(())
    })
}
