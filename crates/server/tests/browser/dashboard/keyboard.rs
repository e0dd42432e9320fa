//! The dashboard without a mouse.

use super::link::{current_tab, new_link};
use crate::{
    app::App,
    driver::{Screen, browse, wait_for},
};
use fantoccini::{Client, Locator, error::CmdError, key::Key};
use gochat_test_support::{TestDatabase, deadline, http::Request};
use std::process::Command;

/// Maximum number of presses of Tab. Every page of the test has fewer elements that take the focus.
const MOST_TABS: usize = 60;

/// Types keys where the focus is.
async fn press(client: &Client, keys: &str) -> Result<(), CmdError> {
    client.active_element().await?.send_keys(keys).await
}

/// Presses Tab until the element `css` has the focus.
async fn tab_to(client: &Client, css: &str) -> Result<(), CmdError> {
    for _ in 0..MOST_TABS {
        press(client, &String::from(char::from(Key::Tab))).await?;
        let has_focus = format!("return document.activeElement.matches({css:?})");
        if client.execute(&has_focus, Vec::new()).await? == true {
            return Ok(());
        }
    }
    panic!("the key Tab does not reach {css}")
}

/// Presses Tab until the element `css` has the focus, then Enter.
async fn enter(client: &Client, css: &str) -> Result<(), CmdError> {
    tab_to(client, css).await?;
    press(client, &String::from(char::from(Key::Enter))).await
}

/// Goes to a tab of the dashboard, whose path ends with `path`.
async fn go(client: &Client, path: &str, title: &str) -> Result<(), CmdError> {
    enter(client, &format!("nav a[href$='{path}']")).await?;
    current_tab(client, title).await
}

/// Runs the command line that the page shows, and returns the status of the reply.
fn status_of(command: &str) -> String {
    let command = format!("{command} --silent --output /dev/null --write-out '%{{http_code}}'");
    let ended = deadline::run(Command::new("sh").args(["-c", &command]));
    String::from_utf8(ended.stdout).unwrap()
}

pub fn groups_and_keys_are_used_by_keyboard_alone(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for name in ["team", "tea", "other"] {
        assert_eq!(Request::group(name).send(app.port).status, 201);
    }
    let link = new_link(&app);
    browse(Screen::Desktop, async |client| {
        client.goto(&link).await?;
        enter(client, "form[action='/open'] button").await?;
        current_tab(client, "Now").await?;
        let home = client.current_url().await?;
        // Everything of the first page can be reached.
        tab_to(client, "details summary").await?;

        go(client, "/groups", "Groups").await?;
        tab_to(client, "input[name='find']").await?;
        press(client, "tea").await?;
        enter(client, "form[role='search'] button").await?;
        wait_for(client, Locator::Css("a[href$='/groups']:not(nav a)")).await?;
        enter(client, "a[href$='/groups/1']").await?;
        wait_for(client, Locator::XPath("//h1[. = 'team']")).await?;
        enter(client, "a[href$='/groups/1?show=token']").await?;
        wait_for(client, Locator::Css("#token")).await?;
        // Tab selects what the field has, so that typing replaces it.
        tab_to(client, "#new-name").await?;
        press(client, "crew").await?;
        press(client, &String::from(char::from(Key::Enter))).await?;
        wait_for(client, Locator::XPath("//p[@role='status'][. = 'The group was renamed.']")).await?;
        tab_to(client, "#new-administrator").await?;
        press(client, "7").await?;
        enter(client, "form[action$='/hand-over'] button").await?;
        wait_for(client, Locator::XPath("//p[@role='status'][. = 'The group was handed over.']")).await?;
        tab_to(client, "#typed-name").await?;
        press(client, "team").await?;
        enter(client, "form[action$='/delete'] button").await?;
        wait_for(client, Locator::Css("#delete-problem")).await?;
        tab_to(client, "nav a[href$='/groups']").await?;

        go(client, "/keys", "Keys").await?;
        tab_to(client, "#name").await?;
        press(client, "mobile app").await?;
        tab_to(client, "input[name='groups:read']").await?;
        press(client, " ").await?;
        enter(client, "form[action$='/keys'] button").await?;
        let command = wait_for(client, Locator::Css("#command")).await?.text().await?;
        assert_eq!(status_of(&command), "200");
        enter(client, "button[data-copy='key']").await?;
        let copied =
            wait_for(client, Locator::XPath("//button[@data-copy='key'][. != 'Copy the key']")).await?;
        assert!(["Copied", "Selected: press Ctrl+C"].contains(&&*copied.text().await?));
        enter(client, "summary").await?;
        enter(client, "form[action$='/revoke'] button").await?;
        wait_for(client, Locator::XPath("//p[@role='status'][contains(., 'was revoked')]")).await?;
        deadline::eventually("the key is refused", || (status_of(&command) == "401").then_some(()));

        go(client, "/errors", "Errors").await?;
        wait_for(client, Locator::XPath("//td[contains(., 'unauthorized')]")).await?;
        go(client, "/", "Now").await?;
        assert_eq!(client.current_url().await?, home);
        Ok(())
    })?;
    let group = &app.groups()[0];
    assert_eq!([&*group[2], &group[4]], ["crew", "7"]);
    assert_eq!(app.versions(), ["3", "1", "1"]);
    assert_eq!(
        app.database.rows("SELECT name FROM api_keys WHERE revoked_at IS NOT NULL")?,
        [["mobile app"]]
    );
    Ok(())
}
