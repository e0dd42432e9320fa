//! A browser without a window, driven by `WebDriver`.

use crate::{CHROMEDRIVER, CHROMIUM};
use fantoccini::{ClientBuilder, Locator, wd::Capabilities};
use hyper_util::client::legacy::connect::HttpConnector;
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// How long a page may take, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// The text that the page at `address` writes in the end.
pub fn text_of(address: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    let (_driver, port) = Driver::start();
    let arguments = [
        "--headless=new".to_owned(),
        // Root has no sandbox, and the page is our own.
        "--no-sandbox".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-gpu".to_owned(),
        format!("--user-data-dir={}", profile.path().display()),
    ];
    let mut capabilities = Capabilities::new();
    let options = serde_json::json!({ "binary": CHROMIUM, "args": arguments });
    capabilities.insert("goog:chromeOptions".to_owned(), options);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client =
            builder.capabilities(capabilities).connect(&format!("http://127.0.0.1:{port}")).await.unwrap();
        client.goto(address).await.unwrap();
        let seen = client.wait().at_most(PATIENCE).for_element(Locator::Css("#seen")).await.unwrap();
        let text = seen.text().await.unwrap();
        client.close().await.unwrap();
        text
    })
}

/// The process that drives the browser. It ends with this value.
struct Driver(Child);

impl Driver {
    /// Starts it, and returns the port that it chose.
    fn start() -> (Self, u16) {
        let mut child = Command::new(CHROMEDRIVER)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let driver = Self(child);
        let mut ports = lines.map_while(Result::ok).filter_map(|line| {
            line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok()
        });
        (driver, ports.next().expect("chromedriver does not start"))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.0.kill();
        let _status = self.0.wait();
    }
}
