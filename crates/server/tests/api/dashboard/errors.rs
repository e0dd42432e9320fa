//! The tab *Errors*.

use super::browser::{Browser, rows};
use crate::{app::App, keys::issue};
use gochat_domain::auth::Scope;
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{Request, exchange},
};
use std::thread;

pub fn cases() -> Vec<Case> {
    cases![refused_requests_are_shown_newest_first_without_secrets, the_last_200_refused_requests_are_shown,]
}

fn refused_requests_are_shown_newest_first_without_secrets(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    let empty = browser.get("/errors");
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
    let shown = rows(&browser.get("/errors"), "<div id=\"refusals\">");
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
    let page = browser.get("/errors").body;
    let page = page.to_lowercase();
    for secret in ["concealed", "987654", "433578ab", "success", &key.expose().to_lowercase()] {
        assert!(!page.contains(secret), "{secret}");
    }
    Ok(())
}

fn the_last_200_refused_requests_are_shown(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__WORKERS", "2")]);
    let browser = Browser::open(&app);
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
    let rows = rows(&browser.get("/errors"), "<div id=\"refusals\">");
    assert_eq!((rows.len(), &*rows[0][5]), (200, "last"));
    // The rows of each client are its last requests, the newest first.
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
