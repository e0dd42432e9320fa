//! The page for trying the API.

use crate::{
    app::App,
    driver::{Screen, browse, wait_for},
    keys::issue,
};
use fantoccini::{Client, Locator, elements::Element, error::CmdError};
use gochat_domain::auth::Scope;
use gochat_test_support::{TestDatabase, http::DEVELOPMENT_KEY};

pub fn on_a_desktop_the_example_is_sent(database: TestDatabase) -> anyhow::Result<()> {
    the_example_is_sent(database, Screen::Desktop)
}

const INTRODUCTION: &str = "This page describes the API of the GoChat group service and lets you try it. \
    The development key is filled in. This service accepts it only from this machine; gochat keys create makes real ones. \
    Open POST /v1/group first and press Execute: the reply is your first group.";

const WITHOUT_KEY: &str = "This page describes the API of the GoChat group service and lets you try it. \
    Make a key with gochat keys create, where the service runs. Then press Authorize and enter it. \
    Open POST /v1/group first and press Execute: the reply is your first group.";

pub fn on_a_phone_the_example_is_sent(database: TestDatabase) -> anyhow::Result<()> {
    the_example_is_sent(database, Screen::Phone)
}

pub fn without_the_development_key_no_key_is_filled_in(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__AUTH__DEVELOPMENT_KEY", "false")]);
    let (key, _) = issue(&app, Scope::GroupsWrite, None);
    let service = format!("http://127.0.0.1:{}", app.port);
    browse(Screen::Desktop, async |client| {
        client.goto(&format!("{service}/docs")).await?;
        let introduction = wait_for(client, Locator::Css("#introduction")).await?.text().await?;
        assert_eq!(introduction, WITHOUT_KEY);
        click(client, "#operations-groups-createGroup .opblock-summary-control").await?;
        click(client, "#operations-groups-createGroup .execute").await?;
        let body = reply(client, "401").await?.text().await?;
        assert!(body.contains("unauthorized"), "{body}");
        assert!(!client.source().await?.contains(DEVELOPMENT_KEY));
        // Follows the instructions of the introduction.
        click(client, ".btn.authorize").await?;
        let field = wait_for(client, Locator::Css("#api_key_value")).await?;
        assert_eq!(field.prop("value").await?.as_deref(), Some(""));
        field.send_keys(key.expose()).await?;
        click(client, ".modal-btn.authorize").await?;
        click(client, ".modal-btn.btn-done").await?;
        click(client, "#operations-groups-createGroup .execute").await?;
        reply(client, "201").await?;
        Ok(())
    })?;
    assert_eq!(app.names(), ["group_1"]);
    Ok(())
}

fn the_example_is_sent(database: TestDatabase, screen: Screen) -> anyhow::Result<()> {
    let app = App::on(database);
    let service = format!("http://127.0.0.1:{}", app.port);
    browse(screen, async |client| {
        client.goto(&service).await?;
        assert_eq!(client.current_url().await?.path(), "/docs");
        let introduction = wait_for(client, Locator::Css("#introduction")).await?.text().await?;
        assert_eq!(introduction, INTRODUCTION);
        // The key is already filled in.
        click(client, "#operations-groups-createGroup .opblock-summary-control").await?;
        click(client, "#operations-groups-createGroup .execute").await?;
        let body = reply(client, "201").await?.text().await?;
        assert!(body.contains("\"name\": \"group_1\"") && body.contains("location: /v1/group/1"), "{body}");
        click(client, "#operations-groups-createGroup .execute").await?;
        let body = reply(client, "409").await?.text().await?;
        assert!(body.contains("UNIQUE constraint failed: GROUPS.NAME"), "{body}");
        click(client, "#operations-groups-listGroups .opblock-summary-control").await?;
        click(client, "#operations-groups-listGroups .execute").await?;
        let body = reply(client, "200").await?.text().await?;
        assert!(body.contains("\"name\": \"group_1\""), "{body}");
        // Nothing is wider than the screen, and nothing was loaded from elsewhere.
        let script = "return [document.documentElement.scrollWidth <= document.documentElement.clientWidth,
                              performance.getEntriesByType('resource').map((entry) => new URL(entry.name).origin)]";
        let seen = client.execute(script, Vec::new()).await?;
        assert_eq!(seen[0], true);
        let origins = seen[1].as_array().unwrap();
        assert!(!origins.is_empty() && origins.iter().all(|origin| *origin == *service), "{origins:?}");
        Ok(())
    })?;
    let [group] = &app.groups()[..] else { panic!("{:?}", app.groups()) };
    assert_eq!([&*group[2], &group[3], &group[4]], ["group_1", "298fbgv479bv", "1"]);
    Ok(())
}

/// Waits for the element `css` and clicks it.
async fn click(client: &Client, css: &str) -> Result<(), CmdError> {
    wait_for(client, Locator::Css(css)).await?.click().await
}

/// Waits for a shown reply with this status.
async fn reply(client: &Client, status: &str) -> Result<Element, CmdError> {
    let row = format!(
        "//table[contains(@class, 'live-responses-table')]//tr[td[starts-with(normalize-space(), '{status}')]]"
    );
    wait_for(client, Locator::XPath(&row)).await
}
