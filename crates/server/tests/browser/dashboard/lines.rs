//! The lines of the tab *Now*.

use super::link::{new_link, open};
use crate::{
    app::App,
    driver::{Screen, browse, wait_for},
};
use fantoccini::{Client, Locator, error::CmdError};
use gochat_test_support::{TestDatabase, http::Request};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

/// Returns what the chart of requests shows, as an image.
async fn image(client: &Client) -> Result<String, CmdError> {
    let script = "return document.querySelector('[data-chart=\"rates\"] canvas').toDataURL()";
    Ok(client.execute(script, Vec::new()).await?.as_str().unwrap().to_owned())
}

/// Sends creates until `is_over`.
fn create_groups(app: &App, is_over: &AtomicBool) {
    for number in 0.. {
        if is_over.load(Ordering::SeqCst) {
            return;
        }
        assert_eq!(Request::group(&format!("g{number}")).send(app.port).status, 201);
    }
}

pub fn the_lines_move_under_load(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let load = scope.spawn(|| create_groups(&app, &is_over));
        let link = new_link(&app);
        let seen = browse(Screen::Desktop, async |client| {
            open(client, &link).await?;
            wait_for(client, Locator::Css("[data-chart='rates'] canvas")).await?;
            let figure = "//p[@id='figure-creates'][number(.) > 0]";
            wait_for(client, Locator::XPath(figure)).await?;
            let before = image(client).await?;
            for _ in 0..2 {
                let figure = wait_for(client, Locator::XPath(figure)).await?.text().await?;
                let changed = format!("//p[@id='figure-creates'][number(.) > 0][. != '{figure}']");
                wait_for(client, Locator::XPath(&changed)).await?;
            }
            assert_ne!(image(client).await?, before);
            Ok(())
        });
        is_over.store(true, Ordering::SeqCst);
        load.join().unwrap();
        seen
    })
}
