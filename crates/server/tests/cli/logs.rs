//! The production log: fields of a request, and secrets that it must not contain.

use crate::process::{Server, run};
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{Connection, DEVELOPMENT_KEY, Request, exchange},
};
use serde_json::Value;

pub fn cases() -> Vec<Case> {
    cases![
        a_request_is_one_log_line_with_all_fields,
        the_log_never_has_a_key_or_a_token,
        secrets_in_the_wrong_place_are_not_logged,
        behind_a_trusted_proxy_the_peer_is_the_client,
        an_untrusted_peer_cannot_claim_another_address,
    ]
}

/// Creates a key. Returns it, and the message of `gochat keys create`.
fn make_key(database: &TestDatabase) -> (String, String) {
    let scopes = ["--scope", "groups:write", "--scope", "groups:read", "--scope", "members:join"];
    let made = run(database, &[&["keys", "create", "--name", "x"][..], &scopes].concat());
    (made.stdout.trim().to_owned(), made.stderr)
}

/// Starts a server with the production profile and this log level.
fn start(database: &TestDatabase, level: &str) -> Server {
    Server::start(database, &[("GOCHAT_PROFILE", "production"), ("GOCHAT__LOG__LEVEL", level)])
}

fn lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

/// Returns the lines about requests.
fn requests(log: &str) -> Vec<Value> {
    lines(log).into_iter().filter(|line| line["message"] == "request").collect()
}

#[track_caller]
fn assert_hidden(log: &str, secrets: &[&str]) {
    for secret in secrets {
        assert!(!log.to_lowercase().contains(&secret.to_lowercase()), "{secret} is in {log}");
    }
}

fn with_key(key: &str, body: impl Into<Vec<u8>>) -> Request {
    Request::create(body).by(key)
}

fn a_request_is_one_log_line_with_all_fields(database: TestDatabase) -> anyhow::Result<()> {
    let (key, message) = make_key(&database);
    let server = start(&database, "info");
    let body = r#"{"name":"g","token":"t","admin_id":1}"#;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let created = with_key(&key, body)
        .header("X-Request-Id", "mine-1")
        .header("traceparent", &format!("00-{trace}-00f067aa0ba902b7-01"))
        .send(server.port);
    assert_eq!(created.status, 201);
    let found = Request::new("GET", "/v1/group/1?x=y").header("traceparent", trace).send(server.port);
    assert_eq!(found.status, 401);
    assert_eq!(Request::new("GET", "/secret/path").send(server.port).status, 404);
    assert_eq!(exchange(server.port, b"nonsense\r\n\r\n").status, 400);

    let requests = requests(&server.stop());
    assert_eq!(requests.len(), 4);
    let id = message.split_whitespace().nth(3).unwrap();
    let [created, found, lost, malformed] = &requests[..] else { unreachable!() };
    assert!(created["latency_us"].as_u64().unwrap() > 0);
    for (field, value) in [
        ("level", "INFO"),
        ("request_id", "mine-1"),
        ("peer", "127.0.0.1"),
        ("method", "POST"),
        ("route", "/v1/group"),
        ("key", id),
        ("trace_id", trace),
    ] {
        assert_eq!(created[field], value, "{created}");
    }
    assert_eq!((&created["status"], &found["status"]), (&201.into(), &401.into()));
    assert_eq!((&found["method"], &found["route"]), (&"GET".into(), &"/v1/group/{id}".into()));
    // The request had neither a valid key nor a valid trace header.
    assert_eq!((found.get("key"), found.get("trace_id")), (None, None));
    assert_eq!((&lost["route"], &lost["status"]), (&"unknown".into(), &404.into()));
    assert_eq!((&malformed["route"], &malformed["status"]), (&"none".into(), &400.into()));
    assert_eq!((&lost["peer"], &malformed["peer"]), (&"127.0.0.1".into(), &"127.0.0.1".into()));
    Ok(())
}

fn the_log_never_has_a_key_or_a_token(database: TestDatabase) -> anyhow::Result<()> {
    let (key, _) = make_key(&database);
    let (key, token) = (&*key, "the-token-of-the-group");
    let server = start(&database, "trace");
    let right = format!(r#"{{"name":"g","token":"{token}","admin_id":1}}"#);
    let with_key = |body: String| with_key(key, body);
    let get = |path: &str| Request::new("GET", path).header("GoChat-Token", key);
    let change = |body: &str| Request::json("PATCH", "/v1/group/1", body).by(key);
    let join = |token: &str| {
        Request::post("/v1/member", format!(r#"{{"group_id":1,"user_id":2,"token":"{token}"}}"#)).by(key)
    };
    let sent = [
        (with_key(right.clone()), 201),
        (with_key(right.clone()), 409),
        (get("/v1/group/1"), 200),
        (get("/v1/group?name=g"), 200),
        (get("/v1/group"), 200),
        (change(&right), 200),
        (change(&right.replace("\"g\"", "null")), 422),
        (change(&right.replace("-token-", "\\u0000")), 422),
        (change(&right.replace('}', "")), 400),
        (change(&right).header("If-Match", "\"9\""), 412),
        (change(&right).header("If-Match", token), 400),
        (get("/v1/group/1").header("If-None-Match", &format!("\"{token}\"")), 200),
        (join(token), 201),
        (join(token), 200),
        (join(&format!("{token}x")), 403),
        (join(&token.repeat(3)), 422),
        (join(&format!("{token}\\u0000")), 422),
        (join(&format!("{token}\"")), 400),
        // Secrets in the body.
        (with_key(right.replace("\"g\"", "7")), 422),
        (with_key(right.replace('1', "0")), 422),
        (with_key(right.replace("-token-", "\\u0000")), 422),
        (with_key(right.replace(token, &token.repeat(100))), 422),
        (with_key(right.replace('}', "")), 400),
        (with_key(right.replace("\"g\"", token)), 400),
        (with_key(right.replace(token, &format!("{token}\\x"))), 400),
        (with_key(format!("\"{token}\"")), 400),
        (with_key(token.to_owned()), 400),
        (with_key(format!("{right}{}", " ".repeat(20_000))), 413),
        (with_key(format!("{right}{}", " ".repeat(20_000))).chunked(), 413),
        (with_key(right.clone()).without("content-type"), 415),
        (with_key(right.clone()).without("content-type").header("Content-Type", token), 415),
        // Secrets in the key header.
        (Request::create(right.clone()).without("gochat-token").header("GOCHAT-token", token), 401),
        (Request::create(right.clone()).without("gochat-token").header("GOCHAT-TOKEN", key), 409),
        (with_key(right.clone()).header("GoChat-Token", key), 401),
        (with_key(right.clone()).header("gochat-token", token), 401),
        (Request::create(right.clone()), 401),
        (Request::create(right.clone()).without("gochat-token").header("Authorization", key), 401),
        (
            Request::create(right.clone())
                .without("gochat-token")
                .header("GoChat-Token", &format!("{key} x")),
            401,
        ),
        // Secrets in the head.
        (with_key(right.clone()).header("bad header", token), 400),
        (with_key(right.clone()).header("Content-Length", key), 400),
        (with_key(right.clone()).header("X-Long", &key.repeat(3_000)), 431),
        (Request::new("DELETE", "/v1/group/1").by(key), 200),
    ];
    for (number, (request, status)) in sent.iter().enumerate() {
        assert_eq!(request.send(server.port).status, *status, "request {number}");
    }
    // A client that disconnects in the middle of its body.
    let whole = with_key(right).bytes();
    Connection::open(server.port).write(&whole[..whole.len() - 3]);
    let log = server.stop();
    assert_hidden(&log, &[key, &key["gck_".len()..], token, DEVELOPMENT_KEY]);
    let statuses: Vec<_> = requests(&log).iter().filter_map(|line| line["status"].as_u64()).collect();
    let expected: Vec<_> = sent.iter().map(|(_, status)| u64::from(*status)).collect();
    assert_eq!(statuses[..expected.len()], expected);
    Ok(())
}

fn secrets_in_the_wrong_place_are_not_logged(database: TestDatabase) -> anyhow::Result<()> {
    let (key, _) = make_key(&database);
    let (key, token) = (&*key, "the-token-of-the-group");
    let server = start(&database, "trace");
    let bare = &key["gck_".len()..];
    for secret in [key, bare, token] {
        let bytes =
            |line: String| format!("{line}\r\nHost: {secret}\r\nGoChat-Token: {key}\r\n\r\n").into_bytes();
        for line in [
            format!("GET /v1/group?name={secret} HTTP/1.1"),
            format!("GET /v1/group?{secret}={secret} HTTP/1.1"),
            format!("GET /v1/group?after={secret} HTTP/1.1"),
            format!("GET /v1/group/{secret} HTTP/1.1"),
            format!("GET /{secret} HTTP/1.1"),
            format!("GET http://{secret}/v1/group HTTP/1.1"),
            format!("GET /v1/group/%{secret} HTTP/1.1"),
            format!("{secret} /v1/group HTTP/1.1"),
            format!("GET /v1/group HTTP/{secret}"),
            format!("GET /v1/group {secret}"),
            secret.to_owned(),
        ] {
            let status = exchange(server.port, &bytes(line.clone())).status;
            assert!((200..500).contains(&status), "{line}: {status}");
        }
        for name in ["traceparent", "tracestate", "Accept", "Expect", "Transfer-Encoding", "Cookie", secret] {
            let request = Request::new("GET", "/v1/group").header("GoChat-Token", key).header(name, secret);
            let status = request.send(server.port).status;
            assert!((200..600).contains(&status), "{name}: {status}");
        }
    }
    // A request id is logged, so an id that contains a key is replaced.
    for id in [&key[..64], &bare[..64], &bare[..16], DEVELOPMENT_KEY] {
        let request = Request::new("GET", "/v1/group").header("GoChat-Token", key).header("X-Request-Id", id);
        assert_ne!(request.send(server.port).header("x-request-id"), id);
    }
    let log = server.stop();
    assert_hidden(&log, &[key, bare, &bare[..16], token, DEVELOPMENT_KEY]);
    assert!(requests(&log).len() > 50);
    Ok(())
}

/// Returns `peer` from the log lines of requests with these headers, on a server with these trusted proxies.
fn peers(database: &TestDatabase, proxies: &str, requests_sent: &[&[(&str, &str)]]) -> Vec<Value> {
    let variables = [("GOCHAT_PROFILE", "production"), ("GOCHAT__HTTP__TRUSTED_PROXIES", proxies)];
    let server = Server::start(database, &variables);
    for headers in requests_sent {
        let request = headers
            .iter()
            .fold(Request::new("GET", "/v1/group"), |request, (name, value)| request.header(name, value));
        assert_eq!(request.send(server.port).status, 401);
    }
    let log = server.stop();
    // Only untrusted parts of the headers have this address.
    assert_hidden(&log, &["203.0.113.7"]);
    requests(&log).iter().map(|line| line["peer"].clone()).collect()
}

fn behind_a_trusted_proxy_the_peer_is_the_client(database: TestDatabase) -> anyhow::Result<()> {
    let sent: [&[(&str, &str)]; 7] = [
        &[],
        &[("X-Forwarded-For", "203.0.113.7, 192.0.2.1, 10.1.1.1")],
        &[("X-Forwarded-For", "203.0.113.7"), ("x-forwarded-for", "[2001:db8::1]:4711")],
        &[("Forwarded", "for=203.0.113.7, for=\"[2001:db8::1]:4711\";proto=https")],
        &[("Forwarded", "for=203.0.113.7, for=unknown, for=10.1.1.1")],
        &[("X-Forwarded-For", "203.0.113.7, _hidden")],
        &[("Forwarded", "for=203.0.113.7"), ("X-Forwarded-For", "192.0.2.1")],
    ];
    let expected =
        ["127.0.0.1", "192.0.2.1", "2001:db8::1", "2001:db8::1", "10.1.1.1", "127.0.0.1", "127.0.0.1"];
    assert_eq!(peers(&database, "127.0.0.0/8, 10.0.0.0/8", &sent), expected);
    Ok(())
}

fn an_untrusted_peer_cannot_claim_another_address(database: TestDatabase) -> anyhow::Result<()> {
    let lies: [&[(&str, &str)]; 3] = [
        &[("X-Forwarded-For", "203.0.113.7")],
        &[("Forwarded", "for=203.0.113.7")],
        &[("X-Real-IP", "203.0.113.7"), ("X-Client-IP", "203.0.113.7"), ("True-Client-IP", "203.0.113.7")],
    ];
    for proxies in ["", "unix", "10.0.0.0/8,::1"] {
        assert_eq!(peers(&database, proxies, &lies), ["127.0.0.1"; 3], "{proxies}");
    }
    assert_eq!(peers(&database, "127.0.0.1", &lies[2..]), ["127.0.0.1"]);
    Ok(())
}
