//! A headless browser, driven by `WebDriver`.

use crate::{CHROMEDRIVER, CHROMIUM};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element, error::CmdError, wd::Capabilities};
use futures_util::FutureExt;
use gochat_test_support::deadline::Lines;
use hyper_util::client::legacy::connect::HttpConnector;
use std::{
    panic::{AssertUnwindSafe, resume_unwind},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Longest wait for a page, on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Screen size.
#[derive(Clone, Copy)]
pub enum Screen {
    /// The browser's default window.
    Desktop,
    /// A phone, 375 pixels wide.
    Phone,
}

/// Colours that the system prefers, with the numbers that Chromium gives them.
#[derive(Debug, Clone, Copy)]
pub enum Theme {
    Dark,
    Light,
}

/// Runs `visit` in a new browser.
pub fn browse<T>(
    screen: Screen,
    visit: impl AsyncFnOnce(&Client) -> Result<T, CmdError>,
) -> anyhow::Result<T> {
    browse_in(screen, Theme::Light, visit)
}

/// Runs `visit` in a new browser, on a system with this theme.
pub fn browse_in<T>(
    screen: Screen,
    theme: Theme,
    visit: impl AsyncFnOnce(&Client) -> Result<T, CmdError>,
) -> anyhow::Result<T> {
    let profile = tempfile::tempdir()?;
    let (_driver, port) = Driver::start();
    let arguments = [
        "--headless=new".to_owned(),
        // Chromium's sandbox does not work as root, and the page is trusted.
        "--no-sandbox".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-gpu".to_owned(),
        format!("--user-data-dir={}", profile.path().display()),
        format!("--blink-settings=preferredColorScheme={}", theme as u8),
    ];
    let mut options = serde_json::json!({ "binary": CHROMIUM, "args": arguments });
    if let Screen::Phone = screen {
        options["mobileEmulation"] = serde_json::json!({ "deviceMetrics": { "width": 375, "height": 812, "pixelRatio": 2, "touch": true } });
    }
    let mut capabilities = Capabilities::new();
    capabilities.insert("goog:chromeOptions".to_owned(), options);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(&format!("http://127.0.0.1:{port}")).await?;
        // Closes the browser even if an assertion fails.
        let seen = AssertUnwindSafe(visit(&client)).catch_unwind().await;
        client.close().await?;
        match seen {
            Ok(seen) => Ok(seen?),
            Err(panic) => resume_unwind(panic),
        }
    })
}

/// Waits for an element.
pub async fn wait_for(client: &Client, found: Locator<'_>) -> Result<Element, CmdError> {
    client.wait().at_most(TIMEOUT).for_element(found).await
}

/// The chromedriver process. Dropping the value ends it.
struct Driver(Child);

impl Driver {
    /// Starts chromedriver, and returns the port that it chose.
    fn start() -> (Self, u16) {
        let mut child = Command::new(CHROMEDRIVER)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = Lines::of(child.stdout.take().unwrap());
        let driver = Self(child);
        let mut ports = std::iter::from_fn(|| lines.line()).filter_map(|line| {
            line.split_once("started successfully on port ")?.1.trim_end_matches(".\n").parse().ok()
        });
        (driver, ports.next().expect("chromedriver does not start"))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ended = self.0.kill();
        let _status = self.0.wait();
    }
}
