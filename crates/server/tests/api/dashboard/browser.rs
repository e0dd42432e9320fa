//! A browser with a session of the dashboard, as far as the server sees it.

use crate::{app::App, keys::with_database};
use gochat_domain::{clock::SystemClock, service::DashboardService};
use gochat_test_support::http::{Reply, Request};
use std::sync::Arc;

/// The host and the origin of requests that a test sends.
pub const ORIGIN: &str = "http://localhost";

/// The path of the form that opens a link.
pub const OPEN: &str = "/open";

/// A browser that has opened a link.
#[derive(Clone)]
pub struct Browser<'a> {
    pub app: &'a App,
    /// Path of the first page of the session, without the slash at its end.
    pub home: String,
    pub cookie: String,
    pub csrf: String,
}

/// Runs `work` on the links and sessions in the application's database, as `gochat dashboard` does.
pub fn with_secrets<T>(app: &App, work: impl AsyncFnOnce(DashboardService) -> T) -> T {
    with_database(app, async |database, queue| {
        work(DashboardService::new(database.dashboard_secrets(queue), Arc::new(SystemClock))).await
    })
}

/// Makes a link, and returns its secret.
pub fn new_link(app: &App) -> String {
    with_secrets(app, async |secrets| secrets.new_link().await.unwrap().secret.expose().to_owned())
}

/// Opens a link.
pub fn open(app: &App, secret: &str) -> Reply {
    Request::form(OPEN, &[("secret", secret)]).header("Origin", ORIGIN).send(app.admin_port)
}

/// Returns the text of a page's content, without tags, with single spaces.
pub fn text(reply: &Reply) -> String {
    let main = reply.body.split_once("<main").unwrap().1.split_once('>').unwrap().1;
    let main = main.split_once("</main>").unwrap().0;
    let mut text = String::new();
    let mut rest = main;
    while let Some((before, tag)) = rest.split_once('<') {
        text += before;
        text.push(' ');
        rest = tag.split_once('>').unwrap().1;
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the value of a field of a page's form.
pub fn field(reply: &Reply, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let value = reply.body.split_once(&start).unwrap_or_else(|| panic!("{name}: {}", reply.body)).1;
    value.split_once('"').unwrap().0.to_owned()
}

/// Returns the page to which a path of a session leads.
#[track_caller]
pub fn below_session(path: &str) -> &str {
    let (segment, page) = path.strip_prefix("/s/").unwrap().split_at(64);
    assert!(segment.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{path}");
    page
}

/// Returns what stands between each `start` and the next `end`.
pub fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start).skip(1).map(|rest| rest.split_once(end).unwrap().0).collect()
}

/// Returns a text without its tags.
pub fn without_tags(html: &str) -> String {
    html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
}

/// Returns the cells of the table that follows `start` on a page, row by row.
pub fn rows(reply: &Reply, start: &str) -> Vec<Vec<String>> {
    assert_eq!((reply.status, reply.header("content-type")), (200, "text/html; charset=utf-8"));
    let table = between(&reply.body, start, "</table>").concat();
    let body = between(&table, "<tbody", "</tbody>").concat();
    let cells = |row: &str| -> Vec<String> {
        let cells = row.replace("<th", "<td").replace("</th>", "</td>");
        between(&cells, "<td", "</td>")
            .into_iter()
            .map(|cell| without_tags(cell.split_once('>').unwrap().1).trim().to_owned())
            .collect()
    };
    between(&body, "<tr", "</tr>").into_iter().map(cells).collect()
}

impl<'a> Browser<'a> {
    /// Opens a new link.
    pub fn open(app: &'a App) -> Self {
        let reply = open(app, &new_link(app));
        assert_eq!(reply.status, 303, "{}", reply.body);
        let home = reply.header("location").strip_suffix('/').unwrap().to_owned();
        let cookie = reply.header("set-cookie").split_once(';').unwrap().0.to_owned();
        let mut browser = Self { app, home, cookie, csrf: String::new() };
        browser.csrf = field(&browser.get("/keys"), "csrf");
        browser
    }

    /// Adds the cookie.
    pub fn with_cookie(&self, request: Request) -> Request {
        request.header("Cookie", &self.cookie)
    }

    /// Returns the whole path of a page of the session.
    pub fn path(&self, page: &str) -> String {
        format!("{}{page}", self.home)
    }

    /// A request for a page of the session.
    pub fn request(&self, method: &str, page: &str) -> Request {
        self.with_cookie(Request::new(method, &self.path(page)))
    }

    /// Loads a page.
    pub fn get(&self, page: &str) -> Reply {
        self.request("GET", page).send(self.app.admin_port)
    }

    /// The request that a form of a page sends.
    pub fn form(&self, page: &str, fields: &[(&str, &str)]) -> Request {
        let fields = [&[("csrf", &*self.csrf)], fields].concat();
        self.with_cookie(Request::form(&self.path(page), &fields).header("Origin", ORIGIN))
    }

    /// Sends a form.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.form(path, fields).send(self.app.admin_port)
    }
}
