//! A page of another origin, in the browser of the operator.

use super::link::{new_link, open, origin};
use crate::{
    app::App,
    driver::{Screen, browse, wait_for},
    page::serve_page,
};
use fantoccini::Locator;
use gochat_test_support::{TestDatabase, http::Request};

/// Tries everything that a page can do to another origin, and shows the outcome of each attempt. It even knows the secret
/// path of the session. The browser adds the cookie, because the page is on the same host.
const PAGE: &str = r#"<!DOCTYPE html>
<title>page</title>
<body>
<form id="form" method="post" action="DASHBOARD/groups/1/rename" target="frame">
<input name="name" value="stolen"><input name="version" value="1"><input name="csrf" value="">
</form>
<script type="module">
const dashboard = "DASHBOARD";
const change = () => new URLSearchParams({ name: "stolen", version: "1", days: "", "groups:read": "on", csrf: "" });
const load = (element, url) => new Promise((resolve, reject) => {
  element.onload = () => resolve("loaded");
  element.onerror = reject;
  element.src = url;
  document.body.append(element);
});
const frame = document.createElement("iframe");
frame.name = "frame";
document.body.append(frame);
const credentials = "include";
const attempts = {
  read: () => fetch(dashboard + "/keys", { credentials }),
  readOpaque: () => fetch(dashboard + "/keys", { credentials, mode: "no-cors" }),
  makeKey: () => fetch(dashboard + "/keys", { credentials, mode: "no-cors", method: "POST", body: change() }),
  rename: () => fetch(dashboard + "/groups/1/rename", { credentials, method: "POST", body: change() }),
  preflight: () => fetch(dashboard + "/keys", { credentials, method: "POST", headers: { "X-CSRF-Token": "x" } }),
  script: () => load(document.createElement("script"), "ORIGIN/assets/keys.js"),
  image: () => load(new Image(), "ORIGIN/assets/icon.svg"),
  events: () => new Promise((resolve, reject) => {
    const events = new EventSource(dashboard + "/events", { withCredentials: true });
    events.onopen = () => resolve("opened");
    events.onerror = () => { events.close(); reject(); };
  }),
};
const seen = [];
for (const [name, attempt] of Object.entries(attempts)) {
  seen.push(name + " " + await attempt().then((got) => "got " + got, () => "refused"));
}
const loaded = new Promise((resolve) => { frame.addEventListener("load", () => resolve(), { once: true }); });
document.getElementById("form").submit();
await loaded;
const text = document.createElement("p");
text.id = "seen";
text.textContent = seen.join(", ");
document.body.append(text);
</script>
"#;

pub fn a_foreign_page_reads_and_changes_nothing(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    assert_eq!(Request::group("g").send(app.port).status, 201);
    let link = new_link(&app);
    browse(Screen::Desktop, async |client| {
        let home = open(client, &link).await?;
        let page = PAGE.replace("DASHBOARD/", &home).replace("DASHBOARD", home.trim_end_matches('/'));
        client.goto(&serve_page(page.replace("ORIGIN", &origin(&app)))).await?;
        let seen = wait_for(client, Locator::Css("#seen")).await?.text().await?;
        assert_eq!(
            seen,
            "read refused, readOpaque refused, makeKey refused, rename refused, preflight refused, script refused, image \
             refused, events refused"
        );
        // The session itself is still valid.
        client.goto(&format!("{home}groups/1")).await?;
        wait_for(client, Locator::XPath("//h1[. = 'g']")).await?;
        Ok(())
    })?;
    assert_eq!((app.names(), app.versions()), (vec!["g".to_owned()], vec!["1".to_owned()]));
    assert!(app.database.rows("SELECT name FROM api_keys")?.is_empty());
    Ok(())
}
