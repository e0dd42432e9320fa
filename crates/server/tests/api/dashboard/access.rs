//! The rules of access to the dashboard.

use super::browser::{Browser, OPEN, ORIGIN, below_session, between, new_link, open, text, with_secrets};
use crate::{app::App, keys::issue_readers};
use gochat_test_support::{
    Backend, Case, TestDatabase, cases,
    http::{Reply, Request},
};
use std::time::{Duration, Instant};

pub fn cases() -> Vec<Case> {
    cases![
        without_a_session_every_page_is_401,
        a_session_needs_its_cookie_and_its_path,
        links_and_forms_stay_below_the_path_of_the_session,
        a_link_opens_one_session_and_only_once,
        an_expired_an_unknown_and_a_malformed_link_open_nothing,
        a_session_is_valid_on_every_instance_until_it_expires,
        a_revoked_session_is_refused_within_five_seconds,
        a_request_for_another_host_is_refused,
        a_page_of_another_origin_gets_nothing,
        a_change_needs_the_token_of_its_session,
        every_reply_has_the_headers_that_confine_the_page,
        assets_are_loaded_again_only_if_they_have_changed,
        unknown_paths_and_methods_are_refused,
        requests_that_cannot_be_read_are_refused,
        without_the_dashboard_its_paths_are_unknown,
        the_dashboard_is_not_on_the_public_port,
    ]
}

/// Every page of a session.
const PAGES: [&str; 5] = ["/", "/groups", "/groups/1", "/keys", "/errors"];

/// Every change.
const CHANGES: [&str; 5] = [
    "/groups/1/rename",
    "/groups/1/hand-over",
    "/groups/1/delete",
    "/keys",
    "/keys/018f0000-0000-7000-8000-000000000000/revoke",
];

const NO_SESSION: &str = "Dashboard There is no session at this address. Run gochat dashboard on the machine of the service, and \
                          open the link that it prints.";

/// Returns the kind of each stored secret, sorted.
fn kinds(app: &App) -> Vec<String> {
    app.database.rows("SELECT kind FROM dashboard_secrets ORDER BY kind").unwrap().concat()
}

#[track_caller]
fn assert_page(reply: &Reply, status: u16, content: &str) {
    assert_eq!((reply.status, &*text(reply)), (status, content));
    assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
}

#[track_caller]
fn assert_no_session(reply: &Reply) {
    assert_page(reply, 401, NO_SESSION);
    assert_eq!(reply.header("www-authenticate"), r#"GoChat-Dashboard realm="gochat""#);
    assert_eq!(reply.header("set-cookie"), "");
}

fn without_a_session_every_page_is_401(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let unknown = format!("gochat_session={}", "a".repeat(43));
    let link = format!("gochat_session={}", new_link(&app));
    let home = "/s/".to_owned() + &"0".repeat(64);
    let paths = PAGES.map(|page| format!("{home}{page}"));
    for path in paths.iter().map(|path| &**path).chain(["/", "/s/x/", "/s/%00/"]) {
        assert_no_session(&Request::new("GET", path).send(app.admin_port));
        for cookie in ["gochat_session=", "gochat_session=x", &*unknown, &*link, "other=1"] {
            assert_no_session(&Request::new("GET", path).header("Cookie", cookie).send(app.admin_port));
        }
        let head = Request::new("HEAD", path).send(app.admin_port);
        assert_eq!((head.status, &*head.body), (401, ""));
    }
    for page in CHANGES {
        let form = Request::form(&format!("{home}{page}"), &[]);
        assert_no_session(&form.header("Origin", ORIGIN).send(app.admin_port));
    }
    Ok(())
}

fn a_session_needs_its_cookie_and_its_path(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    assert_eq!(Request::group("g").send(app.port).status, 201);
    let (browser, other) = (Browser::open(&app), Browser::open(&app));
    assert_ne!(browser.home, other.home);
    // Neither of both tells the other.
    assert_ne!(browser.home, format!("/s/{}", browser.csrf));
    let before = (app.groups(), app.versions());
    let fields = [("name", "h"), ("version", "1"), ("days", ""), ("groups:read", "on"), ("admin_id", "2")];
    let (shorter, upper) = (&browser.home[..browser.home.len() - 1], browser.home.to_uppercase());
    for home in [&*other.home, shorter, &format!("{}0", browser.home), &upper.replace("/S/", "/s/"), "/s/-"] {
        let wrong = Browser { app: &app, home: home.to_owned(), ..browser.clone() };
        for page in [&PAGES[..], &["/events", "/nothing", ""]].concat() {
            assert_no_session(&wrong.get(page));
        }
        for page in CHANGES {
            assert_no_session(&wrong.post(page, &fields));
        }
    }
    for page in [&PAGES[..], &["/events", "/nothing", ""]].concat() {
        assert_no_session(&Request::new("GET", &browser.path(page)).send(app.admin_port));
    }
    // The cookie opens nothing without the path.
    assert_no_session(&browser.with_cookie(Request::new("GET", "/")).send(app.admin_port));
    for page in &PAGES[1..] {
        assert_page(
            &browser.with_cookie(Request::new("GET", page)).send(app.admin_port),
            404,
            "Not found There is no such page.",
        );
    }
    assert_eq!((app.groups(), app.versions()), before);
    assert!(app.database.rows("SELECT name FROM api_keys")?.is_empty());
    // A program on another port may have set a cookie of the same name. Browsers send that of the longer path first.
    let both = Request::new("GET", &browser.path("/keys"))
        .header("Cookie", &format!("{}; gochat_session={}", browser.cookie, "a".repeat(43)));
    assert_eq!(both.send(app.admin_port).status, 200);
    Ok(())
}

fn links_and_forms_stay_below_the_path_of_the_session(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let line = |number| format!("{{\"name\":\"g {number:03}\",\"token\":\"t\",\"admin_id\":1}}\n");
    let lines = (1..=101).map(line).collect::<Vec<_>>().concat();
    assert_eq!(Request::lines("/v1/group", lines).send(app.port).status, 200);
    let line = |user| format!("{{\"group_id\":1,\"user_id\":{user},\"token\":\"t\"}}\n");
    let lines = (10..=209).map(line).collect::<Vec<_>>().concat();
    assert_eq!(Request::lines("/v1/member", lines).send(app.port).status, 200);
    issue_readers(&app, 101);
    let browser = Browser::open(&app);
    let pages = ["/groups/1?show=token", "/groups/1?after=108", "/groups/999", "/groups?find=g"];
    let refused = [
        browser.post("/groups/1/rename", &[("name", ""), ("version", "1")]),
        browser.post("/keys", &[("name", ""), ("days", "")]),
        browser.post("/keys/x/revoke", &[]),
    ];
    for page in PAGES.into_iter().chain(pages).map(|page| browser.get(page)).chain(refused) {
        let linked = [between(&page.body, "href=\"", "\""), between(&page.body, "action=\"", "\"")].concat();
        let linked =
            linked.into_iter().filter(|path| !path.starts_with("/assets/") && !path.starts_with('#'));
        let outside: Vec<_> = linked.filter(|path| !path.starts_with(&browser.path("/"))).collect();
        assert!(outside.is_empty(), "{outside:?}");
        // The tabs and the title.
        assert!(page.body.matches(&browser.path("/")).count() >= 5, "{}", page.body);
        assert!(!page.body.contains("<base"));
    }
    // A page for visitors without a session does not have the path.
    for page in [browser.get("/nothing"), browser.form("/keys", &[]).without("Cookie").send(app.admin_port)] {
        assert!(!page.body.contains("/s/"), "{}", page.body);
    }
    Ok(())
}

fn a_link_opens_one_session_and_only_once(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let link = new_link(&app);
    assert_eq!(kinds(&app), ["link"]);
    // A link preview or a prefetch does not use it up.
    for _ in 0..2 {
        let page = Request::new("GET", &format!("{OPEN}?secret={link}")).send(app.admin_port);
        assert_page(
            &page,
            200,
            "Open the dashboard The link works once. This browser then has access for 12 hours, or until gochat dashboard \
             --revoke . Open the dashboard",
        );
        assert!(page.body.contains(&link));
    }
    assert_eq!(kinds(&app), ["link"]);
    let opened = open(&app, &link);
    let home = opened.header("location").strip_suffix('/').unwrap();
    assert_eq!(below_session(home), "");
    assert_eq!((opened.status, opened.header("location"), &*opened.body), (303, &*format!("{home}/"), ""));
    let cookie = opened.header("set-cookie");
    let (cookie, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, format!("HttpOnly; SameSite=Strict; Path={home}/; Max-Age=43200"));
    assert!(
        cookie.starts_with("gochat_session=") && cookie.len() == "gochat_session=".len() + 43,
        "{cookie}"
    );
    assert_eq!(kinds(&app), ["session"]);
    for path in ["/", "/groups", "/keys", "/errors"] {
        let page =
            Request::new("GET", &format!("{home}{path}")).header("Cookie", cookie).send(app.admin_port);
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("set-cookie"), "");
    }
    assert_invalid(&open(&app, &link));
    assert_eq!(kinds(&app), ["session"]);
    // The secret itself is not stored.
    let stored = app.database.rows(match app.database.backend() {
        Backend::Sqlite => "SELECT lower(hex(digest)) FROM dashboard_secrets",
        Backend::Postgres => "SELECT encode(digest, 'hex') FROM dashboard_secrets",
    })?;
    assert_eq!(stored.concat().concat().len(), 64);
    Ok(())
}

#[track_caller]
fn assert_invalid(reply: &Reply) {
    assert_page(
        reply,
        403,
        "This link is not valid It was opened before, or is older than 10 minutes. gochat dashboard prints a new one.",
    );
    assert_eq!(reply.header("set-cookie"), "");
}

fn an_expired_an_unknown_and_a_malformed_link_open_nothing(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let expired = new_link(&app);
    set_expiry(&app, "2026-01-01");
    for secret in [&*expired, &*"a".repeat(43), "", "a", "\u{e9}"] {
        assert_invalid(&open(&app, secret));
    }
    assert_invalid(&Request::form(OPEN, &[]).header("Origin", ORIGIN).send(app.admin_port));
    assert!(!kinds(&app).contains(&"session".to_owned()));
    Ok(())
}

/// Sets the expiry of every stored secret to the start of a day.
fn set_expiry(app: &App, day: &str) {
    let moment = match app.database.backend() {
        Backend::Sqlite => format!("CAST(strftime('%s', '{day}') AS INTEGER) * 1000000"),
        Backend::Postgres => format!("'{day}T00:00:00Z'"),
    };
    app.database.execute(&format!("UPDATE dashboard_secrets SET expires_at = {moment}")).unwrap();
}

fn a_session_is_valid_on_every_instance_until_it_expires(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    let other = app.beside(&[]);
    let seen_by = |app: &App| browser.request("GET", "/keys").send(app.admin_port);
    assert_eq!([seen_by(&app).status, seen_by(&other).status], [200, 200]);
    set_expiry(&app, "2026-01-01");
    assert_no_session(&seen_by(&app.beside(&[])));
    Ok(())
}

fn a_revoked_session_is_refused_within_five_seconds(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    let link = new_link(&app);
    with_secrets(&app, async |secrets| secrets.revoke_all().await.unwrap());
    let revoked_at = Instant::now();
    loop {
        // The reply may take long on a busy machine, but the session is checked after this moment.
        let age = revoked_at.elapsed();
        let reply = browser.get("/keys");
        if reply.status == 401 {
            assert_no_session(&reply);
            break;
        }
        assert!(age < Duration::from_secs(5), "the session still works");
    }
    assert_invalid(&open(&app, &link));
    assert!(kinds(&app).is_empty());
    Ok(())
}

fn a_request_for_another_host_is_refused(database: TestDatabase) -> anyhow::Result<()> {
    // Without the development key, the listener's other paths serve every host.
    let app = App::with(database, &[("GOCHAT__AUTH__DEVELOPMENT_KEY", "false")]);
    let browser = Browser::open(&app);
    let ask = |hosts: &[&str], path: &str| {
        let request = browser.with_cookie(Request::new("GET", path)).without("Host");
        let request = hosts.iter().fold(request, |request, host| request.header("Host", host));
        request.send(app.admin_port)
    };
    for host in ["localhost", "localhost:1214", "127.0.0.1:8080", "[::1]:1214", "app.localhost"] {
        assert_eq!(ask(&[host], &browser.path("/keys")).status, 200, "{host}");
    }
    let refused = "Refused The dashboard has another name. gochat dashboard prints its address.";
    for path in [&*browser.path("/"), &browser.path("/keys"), "/", "/open", "/assets/dashboard.css"] {
        for hosts in [
            &["evil.example"][..],
            &["localhost.evil.example:1214"],
            &["192.168.1.7"],
            &["localhost@evil.example"],
            &["localhost", "localhost"],
            &[""],
        ] {
            let reply = ask(hosts, path);
            // actix itself refuses two hosts.
            if hosts.len() == 1 {
                assert_page(&reply, 421, refused);
            }
            assert!([400, 421].contains(&reply.status), "{path} {hosts:?}");
        }
    }
    assert_eq!(ask(&["evil.example"], "/livez").status, 200);
    Ok(())
}

fn a_page_of_another_origin_gets_nothing(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    assert_eq!(Request::group("g").send(app.port).status, 201);
    let browser = Browser::open(&app);
    let foreign: [&[(&str, &str)]; 6] = [
        &[("Origin", "http://evil.example")],
        &[("Origin", "http://localhost:9999")],
        &[("Origin", "null")],
        &[("Origin", "https://localhost")],
        &[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "script")],
        &[("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")],
    ];
    let before = (app.groups(), app.versions(), kinds(&app));
    for headers in foreign {
        let add = |request: Request| {
            headers.iter().fold(request, |request, (name, value)| request.header(name, value))
        };
        let pages = PAGES.map(|page| browser.path(page));
        for path in pages.iter().map(|page| &**page).chain(["/", "/open", "/assets/keys.js"]) {
            let reply = add(browser.with_cookie(Request::new("GET", path))).send(app.admin_port);
            assert_page(&reply, 403, "Refused The request came from another page.");
            assert_eq!(reply.header("access-control-allow-origin"), "");
        }
        for path in CHANGES {
            let fields =
                [("name", "h"), ("version", "1"), ("days", ""), ("groups:read", "on"), ("admin_id", "2")];
            let request = browser.form(path, &fields).without("Origin");
            assert_page(
                &add(request).send(app.admin_port),
                403,
                "Refused The request came from another page.",
            );
        }
        let link = new_link(&app);
        let open = Request::form(OPEN, &[("secret", &link)]);
        assert_eq!(add(open).send(app.admin_port).status, 403);
        app.database.execute("DELETE FROM dashboard_secrets WHERE kind = 'link'")?;
    }
    // A change with neither `Origin` nor `Sec-Fetch-Site`; every browser sends at least one of them.
    let silent = browser.form("/groups/1/rename", &[("name", "h"), ("version", "1")]).without("Origin");
    assert_eq!(silent.send(app.admin_port).status, 403);
    assert_eq!((app.groups(), app.versions(), kinds(&app)), before);
    assert!(app.database.rows("SELECT name FROM api_keys")?.is_empty());
    // A link on another page may lead here, in a window of its own.
    let navigation =
        [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")];
    let request = navigation
        .iter()
        .fold(Request::new("GET", "/open"), |request, (name, value)| request.header(name, value));
    assert_eq!(request.send(app.admin_port).status, 200);
    // The page's own request, without the header `Origin`.
    let own = silent_but_same_origin(&browser);
    assert_eq!(own.send(app.admin_port).status, 303);
    assert_eq!(app.names(), ["h"]);
    Ok(())
}

fn silent_but_same_origin(browser: &Browser) -> Request {
    let form = browser.form("/groups/1/rename", &[("name", "h"), ("version", "1")]);
    form.without("Origin").header("Sec-Fetch-Site", "same-origin")
}

fn a_change_needs_the_token_of_its_session(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    assert_eq!(Request::group("g").send(app.port).status, 201);
    let (browser, other) = (Browser::open(&app), Browser::open(&app));
    assert_ne!(browser.csrf, other.csrf);
    assert_eq!(browser.csrf.len(), 64);
    let fields = [("name", "g"), ("version", "1"), ("days", ""), ("groups:read", "on"), ("admin_id", "2")];
    for path in CHANGES {
        for token in ["", "x", &*other.csrf, &*browser.csrf.to_uppercase()] {
            let form = Request::form(&browser.path(path), &[&[("csrf", token)], &fields[..]].concat());
            let refused = browser.with_cookie(form).header("Origin", ORIGIN).send(app.admin_port);
            assert_page(
                &refused,
                403,
                "Refused The form belongs to another session. Load the page again, then repeat the change.",
            );
        }
        let without =
            browser.with_cookie(Request::form(&browser.path(path), &fields)).header("Origin", ORIGIN);
        assert_eq!(without.send(app.admin_port).status, 403);
        let json = Request::json("POST", &browser.path(path), "{}").header("Origin", ORIGIN);
        assert_page(&browser.with_cookie(json).send(app.admin_port), 422, "Refused The form cannot be read.");
    }
    assert_eq!((app.names(), app.versions()), (vec!["g".to_owned()], vec!["1".to_owned()]));
    assert!(app.database.rows("SELECT name FROM api_keys")?.is_empty());
    Ok(())
}

fn every_reply_has_the_headers_that_confine_the_page(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    let without_secrets = {
        app.database.execute("ALTER TABLE dashboard_secrets RENAME TO elsewhere")?;
        let reply = browser.request("GET", "/keys").send(app.beside(&[]).admin_port);
        app.database.execute("ALTER TABLE elsewhere RENAME TO dashboard_secrets")?;
        assert!([500, 503].contains(&reply.status), "{}", reply.status);
        reply
    };
    let replies = [
        (200, browser.get("/keys")),
        (401, Request::new("GET", &browser.path("/keys")).send(app.admin_port)),
        (401, Request::new("GET", "/").send(app.admin_port)),
        (403, browser.request("GET", "/keys").header("Origin", "null").send(app.admin_port)),
        (404, browser.get("/nothing")),
        (404, Request::new("GET", "/nothing").send(app.admin_port)),
        (404, browser.get("/groups/77")),
        (405, browser.request("DELETE", "/keys").header("Origin", ORIGIN).send(app.admin_port)),
        (403, open(&app, "a")),
        (200, Request::new("GET", "/assets/dashboard.css").send(app.admin_port)),
        (303, open(&app, &new_link(&app))),
        (without_secrets.status, without_secrets),
    ];
    for (status, reply) in replies {
        assert_eq!(reply.status, status);
        for (name, value) in [
            (
                "content-security-policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action \
                 'self'; frame-ancestors 'none'; base-uri 'none'",
            ),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), value, "{status}");
        }
        let caching = if reply.header("etag").is_empty() { "no-store" } else { "no-cache" };
        assert_eq!(reply.header("cache-control"), caching, "{status}");
        // The policy forbids inline scripts and styles, so there are none.
        for inline in ["<style", "style=", "onclick", "<script>"] {
            assert!(!reply.body.contains(inline), "{status} {inline}");
        }
    }
    Ok(())
}

fn assets_are_loaded_again_only_if_they_have_changed(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for (name, kind) in [
        ("dashboard.css", "text/css; charset=utf-8"),
        ("keys.js", "text/javascript; charset=utf-8"),
        ("open.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ] {
        let path = format!("/assets/{name}");
        let reply = Request::new("GET", &path).send(app.admin_port);
        assert_eq!((reply.status, reply.header("content-type")), (200, kind));
        let again = Request::new("GET", &path).header("If-None-Match", reply.header("etag"));
        let again = again.send(app.admin_port);
        assert_eq!((again.status, &*again.body, again.header("etag")), (304, "", reply.header("etag")));
        let changed = Request::new("GET", &path).header("If-None-Match", "\"x\"").send(app.admin_port);
        assert_eq!((changed.status, changed.body), (200, reply.body));
    }
    assert_page(
        &Request::new("GET", "/assets/nothing.js").send(app.admin_port),
        404,
        "Not found There is no such file.",
    );
    Ok(())
}

fn unknown_paths_and_methods_are_refused(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    assert_page(
        &Request::new("GET", "/nothing").send(app.admin_port),
        404,
        "Not found There is no such page.",
    );
    let browser = Browser::open(&app);
    assert_page(&browser.get("/nothing"), 404, "Not found There is no such page.");
    for (path, allowed) in [
        (&*browser.path("/"), "GET, HEAD"),
        (&browser.path("/groups"), "GET, HEAD"),
        (&browser.path("/groups/1"), "GET, HEAD"),
        (&browser.path("/groups/1/rename"), "POST"),
        (&browser.path("/groups/1/hand-over"), "POST"),
        (&browser.path("/groups/1/delete"), "POST"),
        (&browser.path("/keys"), "GET, HEAD, POST"),
        (&browser.path("/keys/1/revoke"), "POST"),
        (&browser.path("/errors"), "GET, HEAD"),
        ("/", "GET, HEAD"),
        ("/open", "GET, HEAD, POST"),
        ("/assets/keys.js", "GET, HEAD"),
    ] {
        let request = browser.with_cookie(Request::new("DELETE", path)).header("Origin", ORIGIN);
        let reply = request.send(app.admin_port);
        assert_page(&reply, 405, "Error This path does not have this method.");
        assert_eq!(reply.header("allow"), allowed);
    }
    Ok(())
}

fn requests_that_cannot_be_read_are_refused(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    let send = |request: Request| browser.with_cookie(request).header("Origin", ORIGIN).send(app.admin_port);
    for path in [
        &*browser.path("/groups?find=a&find=b"),
        &browser.path("/groups/1?show=token&show=x"),
        &browser.path("/keys?after=1&after=2"),
        "/open?secret=a&secret=b",
    ] {
        assert_page(&send(Request::new("GET", path)), 400, "Refused The address cannot be read.");
    }
    let large = "x".repeat(1_000_000);
    let changes = CHANGES.map(|page| browser.path(page));
    for path in changes.iter().map(|path| &**path).chain([OPEN]) {
        for form in [Request::form(path, &[("name", &large)]), Request::json("POST", path, "{}")] {
            assert_page(&send(form.clone()), 422, "Refused The form cannot be read.");
            assert_page(&send(form.chunked()), 422, "Refused The form cannot be read.");
        }
    }
    // Beyond the limit of a request's head, the web server answers.
    let cookies = Request::new("GET", "/").header("Cookie", &format!("x={large}"));
    assert_eq!(cookies.send(app.admin_port).status, 431);
    for path in ["/keys/%ff/revoke", "/groups/%ff/rename"] {
        assert_eq!(browser.post(path, &[("name", "n"), ("version", "1")]).status, 404, "{path}");
    }
    for path in [
        &*browser.path("/groups/%ff"),
        &browser.path("/groups/1%00"),
        &browser.path("/groups/..%2fkeys"),
        "/assets/..%2fdashboard.rs",
        &browser.path("//keys"),
        "//keys",
    ] {
        let reply = send(Request::new("GET", path));
        assert_eq!((reply.status, reply.header("content-type")), (404, "text/html; charset=utf-8"), "{path}");
    }
    Ok(())
}

fn without_the_dashboard_its_paths_are_unknown(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__ADMIN__DASHBOARD", "false")]);
    for path in [&PAGES[..], &["/open", "/assets/keys.js", "/nothing"]].concat() {
        let reply = Request::new("GET", path).send(app.admin_port);
        assert_eq!(
            (reply.status, &*reply.body),
            (404, "the paths are /livez, /readyz and /metrics\n"),
            "{path}"
        );
    }
    Ok(())
}

fn the_dashboard_is_not_on_the_public_port(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    let pages = PAGES.map(|page| browser.path(page));
    for path in pages.iter().map(|page| &**page).chain(["/open", "/assets/keys.js"]) {
        browser.with_cookie(Request::new("GET", path)).send(app.port).assert_nothing_there();
    }
    Ok(())
}
