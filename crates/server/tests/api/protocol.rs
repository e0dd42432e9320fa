//! The common parts of all replies, and requests that reach no handler.

use crate::app::App;
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{Connection, DEVELOPMENT_KEY, Request, exchange},
};

pub fn cases() -> Vec<Case> {
    cases![
        an_unknown_path_is_404,
        an_unsupported_method_is_405,
        a_valid_request_id_from_the_client_is_kept,
        an_error_is_a_problem_if_accept_names_it,
        a_request_that_is_not_sent_in_time_is_answered_408,
        the_endless_body_of_a_refused_request_is_not_read_any_further,
        a_chunked_body_that_was_read_leaves_the_connection_open,
        bytes_that_are_not_http_after_a_request_are_answered_400,
        bytes_that_are_not_http_are_answered_400,
        a_target_that_is_too_long_is_answered_400,
        a_reply_without_a_body_after_an_error_is_not_taken_for_a_bare_error,
    ]
}

fn an_unknown_path_is_404(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for path in
        ["/v1", "/openapi", "/v1/group/", "/v1/groups", "/V1/group", "/v1/group%00", "//v1/group", "/%ff"]
    {
        for method in ["GET", "POST", "BREW"] {
            let reply = Request::new(method, path).send(app.port);
            reply.assert_nothing_there();
        }
    }
    Ok(())
}

fn an_unsupported_method_is_405(database: TestDatabase) -> anyhow::Result<()> {
    const READ_ONLY: [&str; 6] = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"];
    let app = App::on(database);
    for (path, refused, allowed) in [
        ("/v1/group", &["PUT", "PATCH", "DELETE", "OPTIONS", "BREW"][..], "GET, HEAD, POST"),
        ("/v1/group/1", &["POST", "OPTIONS", "BREW"], "DELETE, GET, HEAD, PATCH, PUT"),
        ("/v1/group_lookup", &READ_ONLY, "GET, HEAD"),
        ("/v1/member", &["GET", "PUT", "PATCH", "DELETE", "OPTIONS"], "POST"),
        ("/v1/member/1/10", &["GET", "POST", "PUT", "PATCH", "OPTIONS"], "DELETE"),
        ("/v1/group_members", &READ_ONLY, "GET, HEAD"),
        ("/v1/group_administrator", &READ_ONLY, "GET, HEAD"),
        ("/v1/user_joined_groups", &READ_ONLY, "GET, HEAD"),
        ("/v1/user_created_groups", &READ_ONLY, "GET, HEAD"),
    ] {
        for method in refused {
            let reply = Request::new(method, path).send(app.port);
            reply.assert_error(405, "method_not_allowed", None, "this path does not support that method");
            assert_eq!(reply.header("allow"), allowed);
        }
    }
    Ok(())
}

fn a_valid_request_id_from_the_client_is_kept(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let reply_to = |id: &str| Request::new("GET", "/nothing").header("X-Request-Id", id).send(app.port);
    for id in ["a", "A-z_0.9", &"x".repeat(64)] {
        assert_eq!(reply_to(id).header("x-request-id"), id);
    }
    for id in ["a b", "a/b", "\u{fc}", &"x".repeat(65)] {
        let reply = reply_to(id);
        let minted: uuid::Uuid = reply.header("x-request-id").parse()?;
        assert_eq!((minted.get_version_num(), &reply.json()["request_id"]), (7, &minted.to_string().into()));
    }
    let created = Request::group("g").header("X-Request-Id", "mine").send(app.port);
    assert_eq!((created.status, created.header("x-request-id")), (201, "mine"));
    Ok(())
}

fn an_error_is_a_problem_if_accept_names_it(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let ask = |request: Request| {
        let request = request.header("Accept", "application/problem+json").header("X-Request-Id", "id");
        let reply = request.send(app.port);
        assert_eq!(reply.header("content-type"), "application/problem+json");
        reply.assert_common_headers();
        (reply.status, reply.body)
    };
    let invalid = r#"{"type":"about:blank","title":"Unprocessable Entity","status":422,"detail":"name must be a string","error":"name must be a string","code":"invalid_name","field":"name","request_id":"id"}"#;
    assert_eq!(ask(Request::create("{}")), (422, invalid.to_owned()));
    let not_found = r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"there is nothing at this path","error":"there is nothing at this path","code":"not_found","request_id":"id"}"#;
    assert_eq!(ask(Request::new("GET", "/x")), (404, not_found.to_owned()));
    Ok(())
}

fn a_request_that_is_not_sent_in_time_is_answered_408(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__REQUEST_TIMEOUT", "1s")]);
    let head = format!(
        "POST /v1/group HTTP/1.1\r\nHost: localhost\r\nGoChat-Token: {DEVELOPMENT_KEY}\r\nContent-Type: application/json\r\n"
    );
    let before = Request::group("g").bytes();
    for (before, start) in [
        (&b""[..], "POST /v1/group HTTP/1.1\r\nHost: localhost\r\nGoChat-"),
        (b"", &format!("{head}Content-Length: 37\r\n\r\n{{\"name\":")),
        (b"", &format!("{head}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n")),
        (&before, "GET /v1/group HTTP/1.1\r\nHo"),
    ] {
        let mut connection = Connection::open(app.port);
        if !before.is_empty() {
            connection.write(before);
            assert_eq!(connection.read().status, 201);
        }
        connection.write(start.as_bytes());
        let reply = connection.read();
        reply.assert_error(408, "request_timeout", None, "the request was not sent within the time limit");
        assert_eq!(reply.header("connection"), "close");
        assert!(connection.is_closed());
    }
    assert_eq!(app.names(), ["g"]);
    Ok(())
}

fn the_endless_body_of_a_refused_request_is_not_read_any_further(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let key = format!("GoChat-Token: {DEVELOPMENT_KEY}\r\n");
    let json = "Content-Type: application/json\r\n";
    for (line, host, headers, status) in [
        ("POST /v1/group", "localhost", json, 401),
        ("POST /v1/group", "localhost", &key, 415),
        ("POST /v1/group", "localhost", &format!("{key}{json}Idempotency-Key: a b\r\n"), 400),
        ("PUT /v1/group", "localhost", &key, 405),
        ("POST /nothing", "localhost", &key, 404),
        ("POST /v1/group", "evil.example", "", 421),
    ] {
        let mut connection = Connection::open(app.port);
        let head = format!(
            "{line} HTTP/1.1\r\nHost: {host}\r\n{headers}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
        );
        connection.write(head.as_bytes());
        assert_eq!(connection.read().status, status, "{line}");
        assert!(connection.is_closed(), "{line} {status}");
    }
    Ok(())
}

fn a_chunked_body_that_was_read_leaves_the_connection_open(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut connection = Connection::open(app.port);
    for status in [201, 409, 409] {
        connection.write(&Request::group("g").chunked().bytes());
        assert_eq!(connection.read().status, status);
    }
    Ok(())
}

fn bytes_that_are_not_http_after_a_request_are_answered_400(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for (first, status) in [(Request::group("g"), 201), (Request::new("GET", "/nothing"), 404)] {
        let mut connection = Connection::open(app.port);
        connection.write(&[&first.bytes()[..], b"nonsense\r\n\r\n"].concat());
        assert_eq!(connection.read().status, status);
        let reply = connection.read();
        reply.assert_malformed();
    }
    Ok(())
}

fn bytes_that_are_not_http_are_answered_400(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for bytes in [
        "nonsense\r\n\r\n",
        // HTTP/1.1 requires `Host`.
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
    ] {
        let reply = exchange(app.port, bytes.as_bytes());
        reply.assert_malformed();
    }
    Ok(())
}

fn a_target_that_is_too_long_is_answered_400(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let send = |length: usize| {
        let start = "/v1/group?name=";
        let target = format!("{start}{}", "x".repeat(length - start.len()));
        Request::get(&target).send(app.port)
    };
    send(65_534).assert_error(422, "invalid_name", Some("name"), "name must have at most 63 characters");
    send(65_535).assert_malformed();
    Ok(())
}

fn a_reply_without_a_body_after_an_error_is_not_taken_for_a_bare_error(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let preflight = Request::new("OPTIONS", "/v1/group")
        .header("Origin", "http://localhost:3000")
        .header("Access-Control-Request-Method", "POST");
    for second in [preflight, Request::new("GET", "/")] {
        let mut connection = Connection::open(app.port);
        connection.write(&[Request::new("GET", "/nothing").bytes(), second.bytes()].concat());
        connection.read().assert_nothing_there();
        let reply = connection.read();
        assert!([200, 307].contains(&reply.status) && reply.body.is_empty(), "{reply:?}");
        reply.assert_common_headers();
    }
    Ok(())
}
