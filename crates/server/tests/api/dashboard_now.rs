//! The tabs *Now* and *Errors* of the dashboard.

use crate::{
    app::{App, options},
    keys::issue,
    one_member::join,
};
use gochat_adapters::{CommitOptions, Database};
use gochat_domain::{auth::Scope, clock::SystemClock, limits::Limits, service::DashboardService};
use gochat_test_support::{
    Case, TestDatabase, cases, deadline,
    http::{EventStream, Reply, Request, exchange},
};
use serde_json::Value;
use std::{sync::Arc, thread};

pub fn cases() -> Vec<Case> {
    cases![
        events_begin_with_the_past_and_go_on_with_each_sample,
        the_figures_are_those_of_the_requests,
        events_need_a_session,
        events_end_soon_after_the_session_is_revoked,
        events_end_when_the_server_stops,
        the_number_of_readers_is_bounded,
        the_page_shows_the_instance_and_its_figures,
        a_database_that_takes_no_writes_is_shown,
        the_files_of_the_charts_are_served,
        refused_requests_are_shown_newest_first_without_secrets,
        the_last_200_refused_requests_are_shown,
        nothing_of_the_tabs_is_on_the_public_port,
    ]
}

/// Runs `work` on the links and sessions in the application's database, as `gochat dashboard` does.
fn with_secrets<T>(app: &App, work: impl AsyncFnOnce(DashboardService) -> T) -> T {
    let options = options(&app.database);
    let database = Database::connect(&app.database.url().parse().unwrap(), options).unwrap();
    let writer =
        CommitOptions { batch: 1, queue: 1, writers: 1, timeout: options.timeout, limits: Limits::default() };
    let queue = database.start_queue(writer).unwrap();
    let secrets = DashboardService::new(database.dashboard_secrets(&queue), Arc::new(SystemClock));
    let outcome = actix_web::rt::System::new().block_on(work(secrets));
    queue.close();
    outcome
}

/// Opens a session, and returns its cookie.
fn cookie(app: &App) -> String {
    let session = with_secrets(app, async |secrets| {
        let link = secrets.new_link().await.unwrap();
        secrets.open(&link.secret).await.unwrap().unwrap()
    });
    format!("gochat_session={}", session.secret.expose())
}

fn get(path: &str, cookie: &str) -> Request {
    Request::new("GET", path).header("Cookie", cookie)
}

fn open_events(app: &App, cookie: &str) -> (Reply, EventStream) {
    EventStream::open(app.admin_port, &get("/events", cookie))
}

/// Reads an event, which must have this name.
#[track_caller]
fn read(events: &mut EventStream, expected: &str) -> Value {
    let (name, data) = events.read().expect("the stream has ended");
    assert_eq!(name, expected);
    data
}

/// Returns what stands between each `start` and the next `end`.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start).skip(1).map(|rest| rest.split_once(end).unwrap().0).collect()
}

/// Returns a text without its tags.
fn without_tags(html: &str) -> String {
    html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
}

/// Returns the cells of a table of the page at a path, row by row.
fn rows(app: &App, path: &str, cookie: &str, start: &str) -> Vec<Vec<String>> {
    let reply = get(path, cookie).send(app.admin_port);
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
    between(&body, "<tr>", "</tr>").into_iter().map(cells).collect()
}

fn events_begin_with_the_past_and_go_on_with_each_sample(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let cookie = cookie(&app);
    let (head, mut events) = open_events(&app, &cookie);
    let kind = (head.status, head.header("content-type"), head.header("transfer-encoding"));
    assert_eq!(kind, (200, "text/event-stream", "chunked"));
    assert_eq!((head.header("cache-control"), head.header("connection")), ("no-store", "close"));
    assert_eq!(head.header("x-content-type-options"), "nosniff");
    assert!(head.header("content-security-policy").starts_with("default-src 'none';"));
    let past = read(&mut events, "past");
    let mut times: Vec<_> =
        past.as_array().unwrap().iter().map(|sample| sample["at"].as_i64().unwrap()).collect();
    for _ in 0..2 {
        let event = read(&mut events, "sample");
        times.push(event["sample"]["at"].as_i64().unwrap());
        let names: Vec<_> = event["cards"].as_array().unwrap().iter().map(|card| &card["name"]).collect();
        assert_eq!(names, ["creates", "joins", "reads", "commits", "batch", "queue"]);
        assert!(event["uptime"].as_str().unwrap().ends_with(" s"), "{event}");
    }
    assert!(times.is_sorted_by(|earlier, later| earlier < later), "{times:?}");
    let ready = serde_json::json!({"is_ok": true, "text": "ready"});
    deadline::eventually("the database was checked", || {
        (read(&mut events, "sample")["database"] == ready).then_some(())
    });
    // A second reader gets the samples of the first one as its past.
    let (_, mut others) = open_events(&app, &cookie);
    let past = read(&mut others, "past");
    assert!(past.as_array().unwrap().iter().any(|sample| sample["at"] == times[times.len() - 1]), "{past}");
    Ok(())
}

fn the_figures_are_those_of_the_requests(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let cookie = cookie(&app);
    let (_, mut events) = open_events(&app, &cookie);
    let past = read(&mut events, "past").as_array().unwrap().clone();
    assert_eq!(Request::group("g").send(app.port).status, 201);
    assert_eq!(Request::group("g").send(app.port).status, 409);
    assert_eq!(join(1, 10).send(app.port).status, 201);
    assert_eq!(Request::get("/v1/group/1").send(app.port).status, 200);
    let mut samples = past;
    deadline::eventually("all requests were sampled", || {
        samples.push(read(&mut events, "sample")["sample"].clone());
        let has = |kind: &str| samples.iter().any(|sample| sample[kind]["rate"].as_f64().unwrap() > 0.0);
        ["creates", "joins", "reads"].into_iter().all(has).then_some(())
    });
    let busy = |kind: &str| {
        samples.iter().find(|sample| sample[kind]["rate"].as_f64().unwrap() > 0.0).unwrap().clone()
    };
    for kind in ["creates", "joins", "reads"] {
        let sample = &busy(kind)[kind];
        let [p50, p99] = ["p50", "p99"].map(|name| sample[name].as_f64().unwrap());
        assert!(0.0 < p50 && p50 <= p99, "{sample}");
    }
    let create = busy("creates");
    assert!(create["commits"]["p50"].as_f64().unwrap() > 0.0, "{create}");
    assert!(create["batch"].as_f64().unwrap() >= 1.0, "{create}");
    let refused: Vec<_> = samples.iter().filter_map(|sample| sample.get("refused")).collect();
    assert_eq!(refused, [&serde_json::json!({"group_name_taken": 1})]);
    Ok(())
}

fn events_need_a_session(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for path in ["/", "/errors", "/events"] {
        for request in [Request::new("GET", path), get(path, &format!("gochat_session={}", "x".repeat(43)))] {
            let refused = request.send(app.admin_port);
            assert_eq!((refused.status, refused.header("content-type")), (401, "text/html; charset=utf-8"));
            assert!(refused.body.contains("gochat dashboard"), "{}", refused.body);
        }
    }
    let cookie = cookie(&app);
    let refused = Request::new("HEAD", "/events").header("Cookie", &cookie).send(app.admin_port);
    assert_eq!((refused.status, refused.header("allow")), (405, "GET"));
    Ok(())
}

fn events_end_soon_after_the_session_is_revoked(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let cookie = cookie(&app);
    let (_, mut events) = open_events(&app, &cookie);
    read(&mut events, "past");
    with_secrets(&app, async |secrets| secrets.revoke_all().await.unwrap());
    let (_, others) = (read(&mut events, "sample"), std::iter::from_fn(|| events.read()));
    // One sample a second.
    assert!(others.count() < 10);
    assert_eq!(get("/events", &cookie).send(app.admin_port).status, 401);
    Ok(())
}

fn events_end_when_the_server_stops(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let (_, mut events) = open_events(&app, &cookie(&app));
    read(&mut events, "past");
    drop(app);
    while events.read().is_some() {}
    Ok(())
}

fn the_number_of_readers_is_bounded(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let cookie = cookie(&app);
    let mut readers: Vec<_> = (0..16).map(|_| open_events(&app, &cookie)).collect();
    assert!(readers.iter().all(|(head, _)| head.status == 200));
    let refused = get("/events", &cookie).send(app.admin_port);
    assert_eq!((refused.status, refused.header("retry-after")), (503, "10"));
    assert!(refused.body.contains("Too many pages of the dashboard are open."), "{}", refused.body);
    // Pages are still served.
    assert_eq!(get("/", &cookie).send(app.admin_port).status, 200);
    readers.pop();
    let mut reader = deadline::eventually("a reader is admitted", || {
        let (head, events) = open_events(&app, &cookie);
        (head.status == 200).then_some(events)
    });
    read(&mut reader, "past");
    Ok(())
}

fn the_page_shows_the_instance_and_its_figures(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let cookie = cookie(&app);
    let page = get("/", &cookie).send(app.admin_port);
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let facts = between(&page.body, "<dl class=\"facts card\">", "</dl>").concat();
    let facts: Vec<_> = between(&facts, "<dd", "</dd>")
        .into_iter()
        .map(|fact| without_tags(fact.split_once('>').unwrap().1))
        .collect();
    assert!(facts[0].starts_with("checking"), "{facts:?}");
    assert_eq!(facts[1], env!("CARGO_PKG_VERSION"));
    assert!(facts[2].ends_with(" s"), "{facts:?}");
    assert!(facts[3].ends_with(&format!(", process {}", std::process::id())), "{facts:?}");
    let titles: Vec<_> = between(&page.body, "<h2 id=\"chart-", "</h2>")
        .into_iter()
        .map(|title| title.split_once('>').unwrap().1)
        .collect();
    assert_eq!(
        titles,
        [
            "Requests per second",
            "Median latency, in milliseconds",
            "99th percentile of latency, in milliseconds",
            "Commit time, in milliseconds",
            "Writes in a transaction",
            "Waiting writes",
        ]
    );
    for _ in 0..3 {
        assert_eq!(Request::group("g").by("unknown").send(app.port).status, 401);
    }
    let refused = deadline::eventually("the refused requests were sampled", || {
        Some(rows(&app, "/", &cookie, "<div id=\"refused\">"))
            .filter(|rows| !rows.is_empty() && rows[0][2] == "3")
    });
    assert_eq!(refused, [["unauthorized", "401", "3"]]);
    // The same figures as a table, for those who do not see the charts.
    let minutes = rows(&app, "/", &cookie, "<details class=\"card\" id=\"table\">");
    assert!(!minutes.is_empty() && minutes.iter().all(|row| row.len() == 13), "{minutes:?}");
    let refused: u64 = minutes.iter().map(|row| row[12].parse::<u64>().unwrap()).sum();
    assert_eq!(refused, 3);
    Ok(())
}

fn a_database_that_takes_no_writes_is_shown(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let (_, mut events) = open_events(&app, &cookie(&app));
    read(&mut events, "past");
    let mut lock = app.database.lock_groups()?;
    deadline::eventually("the lock is shown", || {
        let locked =
            serde_json::json!({"is_ok": false, "text": "accepts no writes: no write finished within 2s"});
        (read(&mut events, "sample")["database"] == locked).then_some(())
    });
    lock.execute("ROLLBACK")?;
    deadline::eventually("the end of the lock is shown", || {
        (read(&mut events, "sample")["database"]["is_ok"] == true).then_some(())
    });
    Ok(())
}

fn the_files_of_the_charts_are_served(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for (name, kind, part) in [
        ("uPlot.iife.min.js", "text/javascript; charset=utf-8", "var uPlot="),
        ("uPlot.min.css", "text/css; charset=utf-8", ".uplot"),
        ("uPlot.LICENSE.txt", "text/plain; charset=utf-8", "The MIT License"),
        ("live.css", "text/css; charset=utf-8", ".figures"),
        ("now.js", "text/javascript; charset=utf-8", "readEvents"),
        ("errors.js", "text/javascript; charset=utf-8", "readEvents"),
        ("live.js", "text/javascript; charset=utf-8", "EventSource"),
    ] {
        let file = Request::new("GET", &format!("/assets/{name}")).send(app.admin_port);
        assert_eq!((file.status, file.header("content-type")), (200, kind), "{name}");
        assert!(file.body.contains(part), "{name}");
    }
    Ok(())
}

fn refused_requests_are_shown_newest_first_without_secrets(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let cookie = cookie(&app);
    let empty = get("/errors", &cookie).send(app.admin_port);
    assert_eq!(empty.status, 200);
    assert!(empty.body.contains("No request was refused since the start."), "{}", empty.body);
    let (key, issued) = issue(&app, Scope::GroupsRead, None);
    assert_eq!(Request::group("shown").header("X-Request-Id", "success").send(app.port).status, 201);
    let create = |name: &str| {
        Request::create(format!(r#"{{"name":"{name}","token":"concealed-token","admin_id":7}}"#))
    };
    for (id, request, status) in [
        ("id-1", create("concealed-name").by("concealed-key-of-nobody"), 401),
        ("id-2", create("concealed-name").by(key.expose()), 403),
        ("id-3", Request::get("/v1/group/987654?q=concealed-query"), 404),
        ("id-4", create("shown"), 409),
        ("id-5", Request::create(r#"{"name":"","token":"concealed-token","admin_id":7}"#), 422),
        ("id-6", Request::get("/concealed-path"), 404),
        ("id-7", Request::new("CONCEALED", "/v1/group"), 405),
    ] {
        let request = request.header("X-Request-Id", id);
        assert_eq!(request.send(app.port).status, status, "{id}");
    }
    let bare = exchange(app.port, b"concealed-nonsense\r\n\r\n");
    assert_eq!(bare.status, 400);
    let development = "development key";
    let (key_id, bare_id) = (issued.id.to_string(), bare.header("x-request-id"));
    let shown = rows(&app, "/errors", &cookie, "<div id=\"refusals\">");
    let without_time: Vec<_> = shown.iter().map(|row| &row[1..]).collect();
    assert_eq!(
        without_time,
        [
            ["none none", "400", "malformed_request", "–", bare_id],
            ["other /v1/group", "405", "method_not_allowed", "–", "id-7"],
            ["GET unknown", "404", "not_found", "–", "id-6"],
            ["POST /v1/group", "422", "invalid_name", development, "id-5"],
            ["POST /v1/group", "409", "group_name_taken", development, "id-4"],
            ["GET /v1/group/{id}", "404", "group_not_found", development, "id-3"],
            ["POST /v1/group", "403", "forbidden", &key_id, "id-2"],
            ["POST /v1/group", "401", "unauthorized", "–", "id-1"],
        ]
    );
    let times: Vec<_> = shown.iter().map(|row| &row[0]).collect();
    assert!(times.is_sorted_by(|later, earlier| later >= earlier), "{times:?}");
    let page = get("/errors", &cookie).send(app.admin_port).body;
    let page = page.to_lowercase();
    for secret in ["concealed", "987654", "433578ab", "success", &key.expose().to_lowercase()] {
        assert!(!page.contains(secret), "{secret}");
    }
    Ok(())
}

fn the_last_200_refused_requests_are_shown(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__WORKERS", "2")]);
    let cookie = cookie(&app);
    thread::scope(|scope| {
        for client in 0..4 {
            let app = &app;
            scope.spawn(move || {
                for number in 0..60 {
                    let request =
                        Request::get("/v1/group/1").header("X-Request-Id", &format!("{client}-{number}"));
                    assert_eq!(request.send(app.port).status, 404);
                }
            });
        }
    });
    let last = Request::get("/v1/group/1").header("X-Request-Id", "last").send(app.port);
    assert_eq!(last.status, 404);
    let rows = rows(&app, "/errors", &cookie, "<div id=\"refusals\">");
    assert_eq!((rows.len(), &*rows[0][5]), (200, "last"));
    // Of each client, the last ones, in their order.
    for client in 0..4 {
        let numbers: Vec<u32> = rows
            .iter()
            .filter_map(|row| row[5].strip_prefix(&format!("{client}-")))
            .map(|number| number.parse().unwrap())
            .collect();
        let expected: Vec<_> = (0..60).rev().take(numbers.len()).collect();
        assert_eq!(numbers, expected);
    }
    Ok(())
}

fn nothing_of_the_tabs_is_on_the_public_port(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let cookie = cookie(&app);
    for path in ["/events", "/errors", "/assets/now.js"] {
        get(path, &cookie).send(app.port).assert_nothing_there();
    }
    Ok(())
}
