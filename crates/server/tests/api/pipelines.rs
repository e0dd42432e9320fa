//! Pipelined requests, and requests to upgrade the protocol: each gets its own reply.

use crate::app::App;
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{Connection, DEVELOPMENT_KEY, Request},
};

pub fn cases() -> Vec<Case> {
    cases![
        a_reply_is_framed_for_its_own_request,
        nothing_is_served_after_connection_close,
        requests_in_small_pieces_are_served_one_by_one,
        a_chunked_body_ends_at_its_last_chunk,
        an_upgrade_request_is_served_without_an_upgrade,
        empty_lines_between_requests_are_ignored,
        many_empty_lines_are_answered_400,
        the_reply_to_a_head_that_is_not_read_says_that_the_connection_ends,
        connect_is_refused_and_nothing_after_it_is_served,
        a_request_that_is_never_completed_does_not_keep_its_connection,
        a_connection_header_that_is_not_text_is_ignored,
        bytes_that_are_not_http_after_an_http_1_0_request_are_answered_400,
    ]
}

fn head(path: &str) -> Request {
    Request::new("HEAD", path).header("GoChat-Token", DEVELOPMENT_KEY)
}

fn a_reply_is_framed_for_its_own_request(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut connection = Connection::open(app.port);
    let requests = [
        Request::group("a"),
        head("/v1/group/1"),
        Request::get("/v1/group/1"),
        head("/v1/group"),
        Request::group("b"),
        Request::get("/v1/group"),
    ];
    connection.write(&requests.iter().flat_map(Request::bytes).collect::<Vec<_>>());
    let created = connection.read();
    assert_eq!((created.status, &created.json()["name"]), (201, &"a".into()));
    let headed = connection.read_head();
    assert_eq!((headed.status, headed.header("content-length")), (200, &*created.body.len().to_string()));
    let found = connection.read();
    assert_eq!((found.status, &found.body), (200, &created.body));
    assert_eq!(connection.read_head().status, 200);
    assert_eq!(connection.read().json()["name"], "b");
    assert_eq!(connection.read().json().as_array().unwrap().len(), 2);
    assert_eq!(app.names(), ["a", "b"]);
    Ok(())
}

fn nothing_is_served_after_connection_close(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let old = Request::group("old").bytes();
    let old = String::from_utf8(old)?.replace("HTTP/1.1", "HTTP/1.0").into_bytes();
    for (last, name) in [(Request::group("last").header("Connection", "close").bytes(), "last"), (old, "old")]
    {
        let mut connection = Connection::open(app.port);
        connection
            .write(&[last, Request::group("behind").bytes(), Request::get("/v1/group").bytes()].concat());
        let reply = connection.read();
        assert_eq!((reply.status, &reply.json()["name"]), (201, &name.into()));
        assert!(connection.is_closed());
    }
    assert_eq!(app.names(), ["last", "old"]);
    Ok(())
}

fn requests_in_small_pieces_are_served_one_by_one(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut connection = Connection::open(app.port);
    let requests =
        [Request::group("a").bytes(), Request::group("b").chunked().bytes(), head("/v1/group").bytes()]
            .concat();
    for piece in requests.chunks(3) {
        connection.write(piece);
    }
    assert_eq!([connection.read().status, connection.read().status], [201, 201]);
    assert_eq!(connection.read_head().status, 200);
    assert_eq!(app.names(), ["a", "b"]);
    Ok(())
}

fn a_chunked_body_ends_at_its_last_chunk(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut connection = Connection::open(app.port);
    let head = format!(
        "POST /v1/group HTTP/1.1\r\nHost: localhost\r\nGoChat-Token: {DEVELOPMENT_KEY}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    // The data contains text that looks like the end; a chunk extension and a trailer surround it.
    let body = "a;x=y\r\n{\"name\":\"a\r\n1C\r\n\",\"token\":\"t\",\r\n\r\n\"admin_id\"\r\n3\r\n:1}\r\n0\r\nX: y\r\n\r\n";
    let pipelined = [head.as_bytes(), body.as_bytes(), &Request::get("/v1/group/1").bytes()].concat();
    connection.write(&pipelined);
    let created = connection.read();
    assert_eq!((created.status, &created.json()["name"]), (201, &"a".into()), "{}", created.body);
    assert_eq!(connection.read().body, created.body);
    Ok(())
}

fn an_upgrade_request_is_served_without_an_upgrade(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut connection = Connection::open(app.port);
    for (number, upgrade) in ["h2c", "websocket", "TLS/1.0, HTTP/2.0", "h2c"].into_iter().enumerate() {
        let request = Request::group(&format!("g{number}"))
            .header("Connection", "Upgrade, HTTP2-Settings")
            .header("Upgrade", upgrade)
            .header("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        connection.write(&request.bytes());
        let reply = connection.read();
        assert_eq!(reply.status, 201, "{upgrade}");
        assert_eq!((reply.header("connection"), reply.header("upgrade")), ("", ""), "{upgrade}");
    }
    assert_eq!(app.names().len(), 4);
    Ok(())
}

fn empty_lines_between_requests_are_ignored(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut connection = Connection::open(app.port);
    let lines = b"\r\n\r\n\n".repeat(100);
    connection
        .write(&[&lines[..], &Request::group("a").bytes(), b"\r\n", &Request::group("b").bytes()].concat());
    assert_eq!([connection.read().status, connection.read().status], [201, 201]);
    Ok(())
}

fn many_empty_lines_are_answered_400(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for (port, first) in [(app.port, None), (app.port, Some(Request::group("a"))), (app.admin_port, None)] {
        let mut connection = Connection::open(port);
        if let Some(first) = first {
            connection.write(&first.bytes());
            assert_eq!(connection.read().status, 201);
        }
        // Empty lines before a head are counted together, even if they arrive in several writes.
        for _ in 0..16 {
            connection.write(&b"\r\n".repeat(64));
        }
        connection.write(&[b"\r\n", &Request::group("b").bytes()[..]].concat());
        connection.read().assert_error(
            400,
            "malformed_request",
            None,
            "the head of the request is malformed, or its target is too long",
        );
        assert!(connection.is_closed());
    }
    assert_eq!(app.names(), ["a"]);
    Ok(())
}

fn the_reply_to_a_head_that_is_not_read_says_that_the_connection_ends(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let long = format!("GET /v1/group HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    let heads: [(&[u8], _); 3] = [
        (b"GET /docs HTTP/1.1\r\nHost: localhost\r\nX: a\x04b\r\n\r\n", (400, "malformed_request")),
        (b"GET /docs\r\n\r\n", (400, "malformed_request")),
        (long.as_bytes(), (431, "header_too_large")),
    ];
    for port in [app.port, app.admin_port] {
        for (head, (status, code)) in heads {
            // The first request on its connection, and one after a request that keeps the connection open.
            for before in [None, Some(("HTTP/1.1", "")), Some(("HTTP/1.0", "keep-alive"))] {
                let mut connection = Connection::open(port);
                if let Some((version, kept)) = before {
                    let first =
                        format!("GET /livez {version}\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
                    connection.write(first.as_bytes());
                    assert_eq!(connection.read().header("connection"), kept);
                }
                connection.write(head);
                let reply = connection.read();
                let told = (reply.status, reply.json()["code"].clone(), reply.header("connection"));
                assert_eq!(told, (status, code.into(), "close"), "after {before:?}: {}", reply.body);
                assert!(connection.is_closed());
            }
        }
    }
    Ok(())
}

fn connect_is_refused_and_nothing_after_it_is_served(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for length in ["", "Content-Length: 5\r\n"] {
        let mut connection = Connection::open(app.port);
        let tunnel = format!("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n{length}\r\n12345");
        connection.write(&[tunnel.as_bytes(), &Request::group("behind").bytes()].concat());
        connection.read().assert_nothing_there();
        assert!(connection.is_closed());
    }
    assert!(app.names().is_empty());
    Ok(())
}

/// Requests whose client neither sends the rest nor closes after the reply.
fn a_request_that_is_never_completed_does_not_keep_its_connection(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let preflight = Request::new("OPTIONS", "/v1/group")
        .header("Origin", "http://localhost:3000")
        .header("Access-Control-Request-Method", "POST");
    for (request, status) in
        [(Request::get("/v1/group"), 200), (Request::new("GET", "/"), 307), (preflight, 200)]
    {
        let mut connection = Connection::open(app.port);
        let mut bytes = request.header("Transfer-Encoding", "chunked").bytes();
        bytes.extend(b"1\r\n");
        connection.write(&bytes);
        let reply = connection.read();
        assert_eq!((reply.status, reply.header("connection")), (status, "close"));
        assert!(connection.is_closed());
    }
    let mut admin = Connection::open(app.admin_port);
    admin.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n");
    assert_eq!(admin.read().status, 200);
    assert!(admin.is_closed());
    Ok(())
}

fn a_connection_header_that_is_not_text_is_ignored(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut connection = Connection::open(app.port);
    for name in ["a", "b"] {
        let request = String::from_utf8(Request::group(name).bytes())?.replacen(
            "\r\n",
            "\r\nConnection: close, @\r\n",
            1,
        );
        let request: Vec<u8> = request.bytes().map(|byte| if byte == b'@' { 0xff } else { byte }).collect();
        connection.write(&request);
        assert_eq!(connection.read().status, 201);
    }
    Ok(())
}

fn bytes_that_are_not_http_after_an_http_1_0_request_are_answered_400(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut connection = Connection::open(app.port);
    connection.write(b"GET /nope HTTP/1.0\r\nConnection: keep-alive\r\n\r\nnonsense\r\n\r\n");
    assert_eq!(connection.read().status, 404);
    connection.read().assert_malformed();
    Ok(())
}
