//! A program on another port of the same host, which is of another user of the machine.

use super::link::{new_link, open};
use crate::{
    app::App,
    driver::{Screen, browse, wait_for},
    page::{REQUEST_HEAD, serve_page},
};
use fantoccini::Locator;
use gochat_test_support::TestDatabase;

/// Leaves the dashboard for another page, as a link on the dashboard would. Before, it sets a cookie as servers usually do.
const LEAVE: &str = "document.cookie = 'control=1; Path=/'; location.href = arguments[0]";

pub fn a_program_on_another_port_gets_no_cookie(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let link = new_link(&app);
    let other = serve_page(format!("<!DOCTYPE html><title>page</title><pre id=seen>{REQUEST_HEAD}</pre>"));
    browse(Screen::Desktop, async |client| {
        let home = open(client, &link).await?;
        for path in ["", "s/", "groups", "open"] {
            client.goto(&home).await?;
            let address = format!("{other}{path}");
            client.execute(LEAVE, vec![address.clone().into()]).await?;
            client.wait().for_url(&address.parse()?).await?;
            let head = wait_for(client, Locator::Css("#seen")).await?.text().await?.to_lowercase();
            let values =
                |name: &str| -> Vec<_> { head.lines().filter_map(|line| line.strip_prefix(name)).collect() };
            assert_eq!(values("cookie: "), ["control=1"], "{head}");
            // Nor does it learn the path.
            assert!(values("referer: ").is_empty(), "{head}");
        }
        // A program that knew the path would get it.
        let path = home.split_once("/s/").unwrap().1;
        client.goto(&format!("{other}s/{path}")).await?;
        let head = wait_for(client, Locator::Css("#seen")).await?.text().await?;
        assert!(head.contains("gochat_session="), "{head}");
        Ok(())
    })
}
