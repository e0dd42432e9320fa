//! Rules of accessibility, on every page, in both themes and on both screens.

use super::link::{new_link, open, origin};
use crate::{
    app::App,
    driver::{Screen, Theme, browse_in, wait_for},
    keys::issue,
};
use fantoccini::{Client, Locator, error::CmdError};
use gochat_domain::auth::Scope;
use gochat_test_support::{Case, TestDatabase, cases, http::Request};
use serde_json::Value;
use std::{env, fs, path::PathBuf};
use url::Url;

/// Every page, also those of errors, relative to the first page of the session.
const PAGES: [&str; 10] = [
    "",
    "groups",
    "groups?find=x",
    "groups/1",
    "groups/1?show=token&done=renamed",
    "keys",
    "errors",
    "nothing",
    "/",
    "/open?secret=x",
];

/// Runs axe on the page. Returns the serious and the critical violations, with the elements at fault.
const RUN_AXE: &str = "
    const done = arguments[arguments.length - 1];
    axe.run().then(
        ({ violations }) => done(violations
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' '))),
        (error) => done([String(error)]));";

pub fn axe_cases() -> Vec<Case> {
    cases![axe_finds_nothing_serious]
}

/// Returns where `install.sh` puts the rules, in the build folder.
fn axe() -> PathBuf {
    let this = env::current_exe().unwrap();
    // This program is in `<build folder>/<profile>/deps`.
    this.ancestors().nth(3).unwrap().join("clients/node_modules/axe-core/axe.min.js")
}

/// Returns why the rules cannot be checked.
pub fn axe_is_missing() -> Option<String> {
    let axe = axe();
    (!axe.exists()).then(|| format!("{} is missing (crates/server/tests/clients/install.sh)", axe.display()))
}

/// Fills every tab: a group with members, a key, and a refused request.
fn fill(app: &App) {
    assert_eq!(Request::group(&"team ".repeat(12)).send(app.port).status, 422);
    assert_eq!(Request::group(&"long-name".repeat(7)).send(app.port).status, 201);
    issue(app, Scope::GroupsRead, None);
}

/// Loads each page, and runs `check` on it.
fn on_every_page(
    app: &App,
    screen: Screen,
    theme: Theme,
    check: impl AsyncFn(&Client, &str) -> Result<(), CmdError>,
) -> anyhow::Result<()> {
    let link = new_link(app);
    browse_in(screen, theme, async |client| {
        let home = open(client, &link).await?.parse::<Url>()?;
        let script = "return matchMedia('(prefers-color-scheme: dark)').matches";
        assert_eq!(client.execute(script, Vec::new()).await?, matches!(theme, Theme::Dark));
        for page in PAGES {
            client.goto(home.join(page)?.as_str()).await?;
            wait_for(client, Locator::Css("h1")).await?;
            check(client, page).await?;
        }
        Ok(())
    })
}

fn axe_finds_nothing_serious(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    fill(&app);
    let axe = fs::read_to_string(axe())?;
    for (screen, theme) in [(Screen::Desktop, Theme::Light), (Screen::Phone, Theme::Dark)] {
        on_every_page(&app, screen, theme, async |client, page| {
            client.execute(&axe, Vec::new()).await?;
            let found = client.execute_async(RUN_AXE, Vec::new()).await?;
            assert_eq!(found, Value::Array(Vec::new()), "{page}, {theme:?}");
            Ok(())
        })?;
    }
    Ok(())
}

pub fn nothing_is_wider_than_the_screen(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    fill(&app);
    for (screen, theme) in [(Screen::Desktop, Theme::Dark), (Screen::Phone, Theme::Light)] {
        on_every_page(&app, screen, theme, async |client, page| {
            let script = "return [document.documentElement.scrollWidth <= document.documentElement.clientWidth,
                                  performance.getEntriesByType('resource').map((entry) => new URL(entry.name).origin)]";
            let seen = client.execute(script, Vec::new()).await?;
            assert_eq!(seen[0], true, "{page}");
            let origins = seen[1].as_array().unwrap();
            assert!(
                !origins.is_empty() && origins.iter().all(|found| *found == *origin(&app)),
                "{origins:?}"
            );
            Ok(())
        })?;
    }
    Ok(())
}
