//! CORS: the exact headers that a browser gets.

use crate::{
    app::App,
    openapi::{api, operations},
};
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{Reply, Request},
};

pub fn cases() -> Vec<Case> {
    cases![
        a_preflight_of_an_allowed_origin_needs_no_key,
        a_page_may_send_and_read_all_that_is_described,
        a_preflight_may_list_safelisted_and_tracing_headers,
        a_preflight_may_list_no_headers,
        a_preflight_for_other_methods_or_headers_is_refused,
        a_reply_may_be_read_by_an_allowed_origin,
        a_page_may_send_lines_and_read_the_reply,
        an_error_may_be_read_by_an_allowed_origin,
        pages_of_another_origin_may_not_read_the_reply,
        no_origin_is_allowed_unless_one_is_set,
        development_allows_pages_served_by_this_machine,
    ]
}

const ALLOWED: &str = "https://chat.example.org";
const SETTING: &[(&str, &str)] =
    &[("GOCHAT__HTTP__ALLOWED_ORIGINS", "https://b.example,https://chat.example.org")];

fn preflight(origin: &str, method: &str, headers: &str) -> Request {
    Request::new("OPTIONS", "/v1/group")
        .header("Origin", origin)
        .header("Access-Control-Request-Method", method)
        .header("Access-Control-Request-Headers", headers)
}

/// Returns a header's list, sorted, because its order does not matter.
fn list(reply: &Reply, name: &str) -> Vec<String> {
    let mut items: Vec<_> = reply.header(name).split(", ").map(str::to_ascii_lowercase).collect();
    items.sort();
    items
}

#[track_caller]
fn assert_readable(reply: &Reply, origin: &str) {
    assert_eq!(reply.header("access-control-allow-origin"), origin);
    assert_eq!(
        list(reply, "access-control-expose-headers"),
        ["etag", "idempotency-replayed", "link", "location", "x-request-id"]
    );
    assert!(list(reply, "vary").contains(&"origin".to_owned()), "{reply:?}");
    assert_eq!(reply.header("access-control-allow-credentials"), "");
    reply.assert_common_headers();
}

#[track_caller]
fn assert_not_readable(reply: &Reply) {
    for name in ["allow-origin", "allow-methods", "allow-headers", "expose-headers", "max-age"] {
        assert_eq!(reply.header(&format!("access-control-{name}")), "", "{name}");
    }
    reply.assert_common_headers();
}

fn a_preflight_of_an_allowed_origin_needs_no_key(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, SETTING);
    for origin in [ALLOWED, "https://b.example"] {
        let asked = preflight(origin, "POST", "content-type,gochat-token,idempotency-key");
        let reply = asked.header("X-Request-Id", "mine").send(app.port);
        assert_eq!((reply.status, &*reply.body), (200, ""));
        assert_eq!(reply.header("access-control-allow-origin"), origin);
        assert_eq!(
            list(&reply, "access-control-allow-methods"),
            ["delete", "get", "head", "patch", "post", "put"]
        );
        assert_eq!(
            list(&reply, "access-control-allow-headers"),
            [
                "accept",
                "accept-language",
                "baggage",
                "content-language",
                "content-type",
                "gochat-token",
                "idempotency-key",
                "if-match",
                "if-none-match",
                "range",
                "sentry-trace",
                "traceparent",
                "tracestate",
                "x-request-id"
            ]
        );
        assert_eq!(reply.header("access-control-max-age"), "3600");
        assert!(list(&reply, "vary").contains(&"origin".to_owned()));
        reply.assert_common_headers();
        assert_eq!(reply.header("x-request-id"), "mine");
    }
    assert!(app.groups().is_empty());
    Ok(())
}

fn a_preflight_may_list_safelisted_and_tracing_headers(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, SETTING);
    for (method, headers) in [
        ("GET", "accept"),
        ("GET", "Accept, Content-Type, GoChat-Token"),
        ("GET", "accept,accept-language,content-language,range"),
        ("POST", "traceparent"),
        ("POST", "tracestate"),
        ("POST", "baggage"),
        ("POST", "sentry-trace"),
        ("POST", "X-Request-Id"),
        ("PUT", "content-type,gochat-token,if-match"),
        ("PATCH", "content-type,gochat-token,if-match"),
        ("DELETE", "gochat-token,if-match"),
        ("GET", "gochat-token,if-none-match"),
        (
            "POST",
            "baggage,content-type,gochat-token,idempotency-key,sentry-trace,traceparent,tracestate,x-request-id",
        ),
    ] {
        let reply = preflight(ALLOWED, method, headers).send(app.port);
        assert_eq!((reply.status, &*reply.body), (200, ""), "{headers}");
        assert_eq!(reply.header("access-control-allow-origin"), ALLOWED);
        let allowed = list(&reply, "access-control-allow-headers");
        for header in headers.split(',') {
            assert!(allowed.contains(&header.trim().to_ascii_lowercase()), "{header}: {allowed:?}");
        }
    }
    let traced = Request::group("g")
        .header("Origin", ALLOWED)
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .header("tracestate", "vendor=1")
        .header("baggage", "key=value")
        .header("sentry-trace", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1")
        .header("X-Request-Id", "mine");
    let reply = traced.send(app.port);
    assert_eq!((reply.status, reply.header("x-request-id")), (201, "mine"));
    assert_readable(&reply, ALLOWED);
    Ok(())
}

/// The content type is not one that a page may send without a preflight, so the browser asks.
fn a_page_may_send_lines_and_read_the_reply(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, SETTING);
    let asked = preflight(ALLOWED, "POST", "content-type,gochat-token").send(app.port);
    assert_eq!((asked.status, asked.header("access-control-allow-origin")), (200, ALLOWED));
    assert!(list(&asked, "access-control-allow-headers").contains(&"content-type".to_owned()));
    let lines = Request::lines("/v1/group", "nonsense\n").header("Origin", ALLOWED).send(app.port);
    assert_eq!((lines.status, &lines.json()["code"]), (200, &"malformed_json".into()));
    assert_readable(&lines, ALLOWED);
    Ok(())
}

fn a_preflight_may_list_no_headers(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, SETTING);
    for headers in ["", " ", ",", " , "] {
        let reply = preflight(ALLOWED, "GET", headers).send(app.port);
        assert_eq!((reply.status, &*reply.body), (200, ""), "{headers:?}");
        assert_eq!(reply.header("access-control-allow-origin"), ALLOWED);
    }
    Ok(())
}

/// If the CORS settings lacked a method or header of the API, only browsers would fail on it.
fn a_page_may_send_and_read_all_that_is_described(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, SETTING);
    let reply = preflight(ALLOWED, "POST", "content-type").send(app.port);
    let (methods, sent) =
        (list(&reply, "access-control-allow-methods"), list(&reply, "access-control-allow-headers"));
    let reply = Request::group("g").header("Origin", ALLOWED).send(app.port);
    let mut read = list(&reply, "access-control-expose-headers");
    // A page may always read `Cache-Control` (Fetch, CORS-safelisted response-header). `X-Content-Type-Options` is for
    // the browser itself, so pages need not read it.
    read.extend(["cache-control", "x-content-type-options"].map(str::to_owned));
    let api = api();
    for (path, method, operation) in operations(&api) {
        assert!(methods.contains(&method.to_owned()), "{method} {path}: {methods:?}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap().to_ascii_lowercase();
            assert!(parameter["in"] != "header" || sent.contains(&name), "{method} {path}: {name}: {sent:?}");
        }
        let successes = operation["responses"].as_object().unwrap().iter();
        for (_, success) in successes.filter(|(status, _)| status.starts_with('2')) {
            for name in success["headers"].as_object().unwrap().keys() {
                assert!(read.contains(&name.to_ascii_lowercase()), "{method} {path}: {name}: {read:?}");
            }
        }
    }
    Ok(())
}

fn a_preflight_for_other_methods_or_headers_is_refused(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, SETTING);
    for (method, headers) in
        [("TRACE", "content-type"), ("POST", "x-other"), ("POST", "content-type,x-other")]
    {
        let reply = preflight(ALLOWED, method, headers).send(app.port);
        let message = "pages of other origins may not use that method or header";
        reply.assert_error(403, "forbidden", None, message);
    }
    Ok(())
}

fn a_reply_may_be_read_by_an_allowed_origin(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, SETTING);
    let create = Request::group("g").header("Idempotency-Key", "k").header("Origin", ALLOWED);
    for replayed in ["", "true"] {
        let reply = create.send(app.port);
        assert_eq!((reply.status, reply.header("idempotency-replayed")), (201, replayed));
        assert_readable(&reply, ALLOWED);
    }
    Ok(())
}

fn an_error_may_be_read_by_an_allowed_origin(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, SETTING);
    for (request, status) in [
        (Request::create("{}"), 422),
        (Request::group("g").without("GoChat-Token"), 401),
        (Request::group("g").without("Content-Type"), 415),
        (Request::create("x".repeat(20_000)), 413),
        (Request::new("GET", "/nothing"), 404),
        (Request::new("PUT", "/v1/group"), 405),
        (Request::new("OPTIONS", "/v1/group"), 405),
    ] {
        let reply = request.header("Origin", ALLOWED).send(app.port);
        assert_eq!(reply.status, status);
        assert_readable(&reply, ALLOWED);
        assert_eq!(reply.json()["request_id"], reply.header("x-request-id"));
    }
    Ok(())
}

fn pages_of_another_origin_may_not_read_the_reply(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, SETTING);
    for origin in ["https://evil.example", "http://chat.example.org", "http://localhost", "null", ""] {
        let reply = preflight(origin, "POST", "content-type").send(app.port);
        reply.assert_error(405, "method_not_allowed", None, "this path does not support that method");
        assert_eq!(reply.header("allow"), "GET, HEAD, POST");
        assert_not_readable(&reply);
        let reply = Request::new("GET", "/nothing").header("Origin", origin).send(app.port);
        assert_eq!(reply.status, 404);
        assert_not_readable(&reply);
    }
    let created = Request::group("g").header("Origin", "https://evil.example").send(app.port);
    assert_eq!(created.status, 201);
    assert_not_readable(&created);
    let without_origin = Request::group("g").send(app.port);
    assert_eq!(without_origin.status, 409);
    assert_not_readable(&without_origin);
    Ok(())
}

fn no_origin_is_allowed_unless_one_is_set(database: TestDatabase) -> anyhow::Result<()> {
    let none = App::with(database, &[("GOCHAT__HTTP__ALLOWED_ORIGINS", "")]);
    for origin in [ALLOWED, "http://localhost:3000"] {
        let reply = preflight(origin, "POST", "content-type").send(none.port);
        assert_eq!((reply.status, reply.header("vary")), (405, ""));
        assert_not_readable(&reply);
        let reply = Request::new("GET", "/nothing").header("Origin", origin).send(none.port);
        assert_eq!((reply.status, reply.header("vary")), (404, ""));
        assert_not_readable(&reply);
    }
    Ok(())
}

fn development_allows_pages_served_by_this_machine(database: TestDatabase) -> anyhow::Result<()> {
    let development = App::on(database);
    for origin in ["http://localhost", "https://localhost:3000", "http://127.0.0.1:1213", "http://[::1]:8080"]
    {
        let reply = preflight(origin, "POST", "content-type,gochat-token").send(development.port);
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (200, origin));
    }
    assert_not_readable(&preflight(ALLOWED, "POST", "content-type").send(development.port));
    Ok(())
}
