//! The tab *Now*.

use super::browser::{Browser, between, rows, with_secrets, without_tags};
use crate::{app::App, one_member::join};
use gochat_test_support::{
    Case, TestDatabase, cases, deadline,
    http::{EventStream, Reply, Request},
};
use serde_json::Value;

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
    ]
}

fn open_events(browser: &Browser) -> (Reply, EventStream) {
    EventStream::open(browser.app.admin_port, &browser.request("GET", "/events"))
}

/// Reads an event, which must have this name.
#[track_caller]
fn read(events: &mut EventStream, expected: &str) -> Value {
    let (name, data) = events.read().expect("the stream has ended");
    assert_eq!(name, expected);
    data
}

fn events_begin_with_the_past_and_go_on_with_each_sample(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    let (head, mut events) = open_events(&browser);
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
    let (_, mut others) = open_events(&browser);
    let past = read(&mut others, "past");
    assert!(past.as_array().unwrap().iter().any(|sample| sample["at"] == times[times.len() - 1]), "{past}");
    Ok(())
}

fn the_figures_are_those_of_the_requests(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    let (_, mut events) = open_events(&browser);
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
    let browser = Browser::open(&app);
    let refused = Request::new("GET", &browser.path("/events")).send(app.admin_port);
    assert_eq!((refused.status, refused.header("content-type")), (401, "text/html; charset=utf-8"));
    let refused = browser.request("HEAD", "/events").send(app.admin_port);
    assert_eq!((refused.status, refused.header("allow")), (405, "GET"));
    Ok(())
}

fn events_end_soon_after_the_session_is_revoked(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    let (_, mut events) = open_events(&browser);
    read(&mut events, "past");
    with_secrets(&app, async |secrets| secrets.revoke_all().await.unwrap());
    let (_, others) = (read(&mut events, "sample"), std::iter::from_fn(|| events.read()));
    // One sample a second.
    assert!(others.count() < 10);
    assert_eq!(browser.get("/events").status, 401);
    Ok(())
}

fn events_end_when_the_server_stops(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let (_, mut events) = open_events(&Browser::open(&app));
    read(&mut events, "past");
    drop(app);
    while events.read().is_some() {}
    Ok(())
}

fn the_number_of_readers_is_bounded(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    let mut readers: Vec<_> = (0..16).map(|_| open_events(&browser)).collect();
    assert!(readers.iter().all(|(head, _)| head.status == 200));
    let refused = browser.get("/events");
    assert_eq!((refused.status, refused.header("retry-after")), (503, "10"));
    assert!(refused.body.contains("Too many pages of the dashboard are open."), "{}", refused.body);
    // Pages are still served.
    assert_eq!(browser.get("/").status, 200);
    readers.pop();
    let mut reader = deadline::eventually("a reader is admitted", || {
        let (head, events) = open_events(&browser);
        (head.status == 200).then_some(events)
    });
    read(&mut reader, "past");
    Ok(())
}

fn the_page_shows_the_instance_and_its_figures(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    let page = browser.get("/");
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
            "Median latency, ms",
            "99th percentile of latency, ms",
            "Commit time, ms",
            "Batch size: writes in a transaction",
            "Waiting writes",
        ]
    );
    for _ in 0..3 {
        assert_eq!(Request::group("g").by("unknown").send(app.port).status, 401);
    }
    let refused = deadline::eventually("the refused requests were sampled", || {
        Some(rows(&browser.get("/"), "<div id=\"refused\">"))
            .filter(|rows| !rows.is_empty() && rows[0][2] == "3")
    });
    assert_eq!(refused, [["unauthorized", "401", "3"]]);
    // The same figures as a table, for those who do not see the charts.
    let minutes = rows(&browser.get("/"), "<details class=\"card\" id=\"table\">");
    assert!(!minutes.is_empty() && minutes.iter().all(|row| row.len() == 13), "{minutes:?}");
    let refused: u64 = minutes.iter().map(|row| row[12].parse::<u64>().unwrap()).sum();
    assert_eq!(refused, 3);
    Ok(())
}

fn a_database_that_takes_no_writes_is_shown(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let (_, mut events) = open_events(&Browser::open(&app));
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
