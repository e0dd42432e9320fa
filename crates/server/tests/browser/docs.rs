//! The page to try the API on.

use crate::{
    app::App,
    driver::{Screen, browse, wait_for},
};
use fantoccini::{Client, Locator, elements::Element, error::CmdError};
use gochat_test_support::{TestDatabase, http::DEVELOPMENT_KEY};

pub fn on_a_desktop_the_example_is_sent(database: TestDatabase) -> anyhow::Result<()> {
    the_example_is_sent(database, Screen::Desktop)
}

pub fn on_a_phone_the_example_is_sent(database: TestDatabase) -> anyhow::Result<()> {
    the_example_is_sent(database, Screen::Phone)
}

fn the_example_is_sent(database: TestDatabase, screen: Screen) -> anyhow::Result<()> {
    let app = App::on(database);
    let service = format!("http://127.0.0.1:{}", app.port);
    browse(screen, async |client| {
        client.goto(&service).await?;
        assert_eq!(client.current_url().await?.path(), "/docs");
        click(client, ".btn.authorize").await?;
        wait_for(client, Locator::Css("#api_key_value")).await?.send_keys(DEVELOPMENT_KEY).await?;
        click(client, ".modal-btn.authorize").await?;
        click(client, ".modal-btn.btn-done").await?;
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
        // Nothing is wider than the screen, and nothing came from elsewhere.
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

/// Clicks what `css` names, when it is there.
async fn click(client: &Client, css: &str) -> Result<(), CmdError> {
    wait_for(client, Locator::Css(css)).await?.click().await
}

/// The reply that is shown, when it has this status.
async fn reply(client: &Client, status: &str) -> Result<Element, CmdError> {
    let row = format!(
        "//table[contains(@class, 'live-responses-table')]//tr[td[starts-with(normalize-space(), '{status}')]]"
    );
    wait_for(client, Locator::XPath(&row)).await
}
