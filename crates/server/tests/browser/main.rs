//! A real browser: the page for trying the API, the dashboard, and the jQuery example of GoChat's public API documentation on pages of
//! other origins.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps, reason = "every case has the same shape")]

#[path = "../api/app.rs"]
#[allow(dead_code, reason = "the API's own cases use the rest")]
mod app;
mod dashboard;
mod docs;
mod driver;
#[path = "../api/keys.rs"]
#[allow(dead_code, reason = "the API's own cases use the rest")]
mod keys;
mod page;

use app::App;
use dashboard::{
    a_foreign_page_reads_and_changes_nothing, a_program_on_another_port_gets_no_cookie, axe_cases,
    axe_is_missing, groups_and_keys_are_used_by_keyboard_alone, nothing_is_wider_than_the_screen,
    the_lines_move_under_load, the_link_opens_one_browser_once,
};
use docs::{
    on_a_desktop_the_example_is_sent, on_a_phone_the_example_is_sent,
    without_the_development_key_no_key_is_filled_in,
};
use driver::{Screen, browse, wait_for};
use fantoccini::Locator;
use gochat_test_support::{Backend, Suite, TestDatabase, cases};
use std::{env, path::Path, process::ExitCode};

/// Installed by Debian's packages chromium, chromium-driver and libjs-jquery.
const CHROMIUM: &str = "/usr/bin/chromium";
const CHROMEDRIVER: &str = "/usr/bin/chromedriver";
const JQUERY: &str = "/usr/share/javascript/jquery/jquery.min.js";

fn main() -> ExitCode {
    let mut suite = Suite::new();
    let cases = cases![
        a_page_of_an_allowed_origin_creates_a_group,
        a_page_of_another_origin_gets_nothing,
        on_a_desktop_the_example_is_sent,
        on_a_phone_the_example_is_sent,
        without_the_development_key_no_key_is_filled_in,
        groups_and_keys_are_used_by_keyboard_alone,
        the_link_opens_one_browser_once,
        a_foreign_page_reads_and_changes_nothing,
        a_program_on_another_port_gets_no_cookie,
        the_lines_move_under_load,
        nothing_is_wider_than_the_screen,
    ];
    let missing = [CHROMIUM, CHROMEDRIVER, JQUERY].into_iter().find(|path| !Path::new(path).exists());
    let required = env::var("GOCHAT_TEST_REQUIRE_BROWSER").is_ok_and(|value| value == "1");
    match missing {
        Some(path) if !required => {
            let reason =
                format!("{path} is missing (Debian: apt-get install chromium chromium-driver libjs-jquery)");
            suite.ignore(&cases, &reason);
        }
        _ => suite.on(Backend::ALL, &cases),
    }
    let axe =
        axe_is_missing().filter(|_| !env::var("GOCHAT_TEST_REQUIRE_CLIENTS").is_ok_and(|value| value == "1"));
    match axe.or(missing.filter(|_| !required).map(|path| format!("{path} is missing"))) {
        Some(reason) => suite.ignore(&axe_cases(), &reason),
        None => suite.on(Backend::ALL, &axe_cases()),
    }
    suite.run()
}

fn a_page_of_an_allowed_origin_creates_a_group(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let seen = text_of(&page::serve(app.port))?;
    assert_eq!(seen, "201 group_1 /v1/group/1");
    let [group] = &app.groups()[..] else { panic!("{:?}", app.groups()) };
    assert_eq!([&*group[2], &group[3], &group[4]], ["group_1", "298fbgv479bv", "1"]);
    Ok(())
}

fn a_page_of_another_origin_gets_nothing(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__ALLOWED_ORIGINS", "https://chat.example.org")]);
    let seen = text_of(&page::serve(app.port))?;
    // jQuery reports this status if the browser withholds the reply.
    assert_eq!(seen, "0 error");
    assert!(app.groups().is_empty());
    Ok(())
}

/// Returns the text that the page at `address` finally shows.
fn text_of(address: &str) -> anyhow::Result<String> {
    browse(Screen::Desktop, async |client| {
        client.goto(address).await?;
        wait_for(client, Locator::Css("#seen")).await?.text().await
    })
}
